import HTTPModel
import Testing

@testable import GatewayCore

struct RateLimiterTests {
    private func take(
        _ limiter: RateLimiter, _ plan: LimitPlan, at now: UInt64,
        by subject: LimitSubject = LimitFixture.subject()
    ) -> LimitDecision {
        var report = LimitReport()
        return limiter.take(plan, subject: subject, now: LimitFixture.instant(now), report: &report)
    }

    @Test func theBurstIsGrantedAtOnceAndThenOnePerInterval() throws {
        let limiter = LimitFixture.limiter()
        let plan = try LimitPlan([LimitFixture.policy("l", intervalNanoseconds: 1_000, burst: 3)])

        let decisions = [0, 0, 0, 0, 999, 1_000, 1_001, 2_000].map { take(limiter, plan, at: 50_000 + $0) }

        #expect(
            decisions == [
                .within, .within, .within, .exceeded(policyIndex: 0, retryAfterNanoseconds: 1_000),
                .exceeded(policyIndex: 0, retryAfterNanoseconds: 1), .within,
                .exceeded(policyIndex: 0, retryAfterNanoseconds: 999), .within,
            ])
    }

    @Test func tenantsDoNotShareBuckets() throws {
        let limiter = LimitFixture.limiter()
        let plan = try LimitPlan([LimitFixture.policy("l", intervalNanoseconds: 1_000, burst: 1)])

        let first = take(limiter, plan, at: 1, by: LimitFixture.subject(tenant: 1))
        let second = take(limiter, plan, at: 1, by: LimitFixture.subject(tenant: 2))

        #expect(first == .within)
        #expect(second == .within)
    }

    @Test func aRefusalTakesFromNoLimit() throws {
        let limiter = LimitFixture.limiter()
        let narrow = try LimitFixture.policy("narrow", by: [.token], intervalNanoseconds: 1_000_000, burst: 1)
        let wide = try LimitFixture.policy("wide", by: [.tenant], intervalNanoseconds: 1_000_000, burst: 5)
        let both = try LimitPlan([wide, narrow])
        _ = take(limiter, both, at: 1)

        for _ in 0..<100 { _ = take(limiter, both, at: 1) }

        var report = LimitReport()
        _ = limiter.take(
            try LimitPlan([wide]), subject: LimitFixture.subject(), now: LimitFixture.instant(1),
            report: &report)
        #expect(report[0].remaining == 3)
    }

    @Test func theLongestWaitOfSeveralExceededLimitsIsStated() throws {
        let limiter = LimitFixture.limiter()
        let plan = try LimitPlan([
            LimitFixture.policy("short", intervalNanoseconds: 1_000, burst: 1),
            LimitFixture.policy("long", intervalNanoseconds: 9_000, burst: 1),
            LimitFixture.policy("middle", intervalNanoseconds: 5_000, burst: 1),
        ])
        _ = take(limiter, plan, at: 100)

        let refusal = take(limiter, plan, at: 100)

        #expect(refusal == .exceeded(policyIndex: 1, retryAfterNanoseconds: 9_000))
        #expect(take(limiter, plan, at: 9_099) == .exceeded(policyIndex: 1, retryAfterNanoseconds: 1))
        #expect(take(limiter, plan, at: 9_100) == .within)
    }

    @Test func aReloadWithTheSameLimitsFindsTheSameBuckets() throws {
        let limiter = LimitFixture.limiter()
        let before = try LimitPlan([LimitFixture.policy("l", intervalNanoseconds: 1_000, burst: 1)])
        let after = try LimitPlan([LimitFixture.policy("l", intervalNanoseconds: 1_000, burst: 1)])
        _ = take(limiter, before, at: 10)

        let decision = take(limiter, after, at: 10)

        #expect(decision == .exceeded(policyIndex: 0, retryAfterNanoseconds: 1_000))
    }

    @Test func aTableWithoutRoomRefusesWithoutTaking() throws {
        let limiter = LimitFixture.limiter(63)
        let plan = try LimitPlan([LimitFixture.policy("l", intervalNanoseconds: 1_000, burst: 1)])
        for tenant in 1...63 as ClosedRange<UInt64> {
            _ = take(limiter, plan, at: 10, by: LimitFixture.subject(tenant: tenant))
        }

        let refused = take(limiter, plan, at: 10, by: LimitFixture.subject(tenant: 64))
        let later = take(limiter, plan, at: 1_010, by: LimitFixture.subject(tenant: 64))

        #expect(refused == .noRoom(retryAfterNanoseconds: 1_000))
        #expect(later == .within)
        #expect(limiter.noRoomCount == 1)
        #expect(limiter.evictionCount == 1)
        #expect(limiter.bucketCount == 63)
    }

    /// A bucket as everybody explains it: a level that grows with time, up to the capacity.
    private struct Level {
        var nanoseconds: UInt64
        var at: UInt64 = 0

        mutating func grow(_ bucket: TokenBucket, to now: UInt64) {
            nanoseconds = min(bucket.capacityNanoseconds, nanoseconds + (now - at))
            at = now
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func anySingleThreadedScheduleAgreesWithLevelsThatGrow(seed: UInt64) throws {
        var numbers = SeededNumbers(state: seed)
        let limiter = LimitFixture.limiter(63)
        let plan = try LimitPlan([
            LimitFixture.policy("a", by: [.tenant], intervalNanoseconds: 1_700, burst: 5),
            LimitFixture.policy("b", by: [.token], intervalNanoseconds: 2_900, burst: 2),
            LimitFixture.policy("c", by: [.tenant, .token], intervalNanoseconds: 1_000, burst: 9),
        ])
        var levels: [[UInt64]: Level] = [:]
        var now: UInt64 = 1_000_000
        var (granted, refused) = (0, 0)

        for step in 0..<20_000 {
            now += UInt64.random(in: 0...600, using: &numbers)
            let tenant = UInt64.random(in: 1...3, using: &numbers)
            let token = UInt64.random(in: 1...4, using: &numbers)
            let keys = [[0, tenant], [1, token], [2, tenant, token]]
            for (key, policy) in zip(keys, plan.policies) {
                levels[key, default: Level(nanoseconds: policy.bucket.capacityNanoseconds)]
                    .grow(policy.bucket, to: now)
            }
            let waits = zip(keys, plan.policies).map { key, policy in
                let (level, interval) = (levels[key]?.nanoseconds ?? 0, policy.bucket.intervalNanoseconds)
                return level >= interval ? 0 : interval - level
            }
            let wait = waits.max() ?? 0

            let decision = take(
                limiter, plan, at: now, by: LimitFixture.subject(tenant: tenant, token: token))

            if wait == 0 {
                granted += 1
                try #require(decision == .within, "seed \(seed) step \(step)")
                for (key, policy) in zip(keys, plan.policies) {
                    levels[key]?.nanoseconds -= policy.bucket.intervalNanoseconds
                }
            } else {
                refused += 1
                guard case .exceeded(let index, let retryAfter) = decision else {
                    Issue.record("seed \(seed) step \(step): \(decision) where a wait of \(wait) was due")
                    return
                }
                try #require(retryAfter == wait && waits[index] == wait, "seed \(seed) step \(step)")
            }
        }
        #expect(granted > 1_000)
        #expect(refused > 1_000)
    }

    /// A limit as anybody would write it down: what is there, and when it was last looked at.
    private struct Model {
        let interval: UInt64
        let capacity: UInt64
        var credit: UInt64
        var at: UInt64 = 0

        init(_ policy: LimitPolicy) {
            interval = policy.bucket.intervalNanoseconds
            capacity = policy.bucket.capacityNanoseconds
            credit = capacity
        }

        func credit(at now: UInt64) -> UInt64 { min(capacity, credit + (now - at)) }
        func holds(_ tokens: UInt64, at now: UInt64) -> Bool { credit(at: now) >= tokens * interval }

        mutating func take(_ tokens: UInt64, at now: UInt64) {
            credit = credit(at: now) - tokens * interval
            at = now
        }
    }

    /// Requests of several workers whose looks and takes mix in every way, against the model in which a
    /// refused request never was.
    @Test func mixedLooksAndTakesDecideAsTheModelDoes() throws {
        let millisecond: UInt64 = 1_000_000
        let policies = try [
            LimitFixture.policy("a", by: [.tenant], intervalNanoseconds: 7 * millisecond, burst: 9),
            LimitFixture.policy("b", by: [.token], intervalNanoseconds: 20 * millisecond, burst: 6),
        ]
        let (limiter, plan) = (LimitFixture.limiter(), try LimitPlan(policies))
        var models = policies.map { Model($0) }
        var numbers = SeededNumbers(state: 5)
        var outcomes = (granted: 0, refused: 0, late: 0)
        var now: UInt64 = 1_000 * millisecond

        for round in 0..<4_000 {
            now += UInt64.random(in: 0...(30 * millisecond), using: &numbers)
            let moment = LimitFixture.moment(now)
            var first = LimitTake()
            var second = LimitTake()
            var third = LimitTake()
            let subject = LimitFixture.subject()
            let looks = [
                limiter.look(LimitCharge(tokens: 1), of: plan, by: subject, at: moment, &first),
                limiter.look(LimitCharge(tokens: 1), of: plan, by: subject, at: moment, &second),
                limiter.look(LimitCharge(tokens: 1), of: plan, by: subject, at: moment, &third),
            ]
            #expect(looks.allSatisfy { ($0 == .within) == models.allSatisfy { $0.holds(1, at: now) } })
            for (number, look) in looks.enumerated() where look == .within {
                // Some are refused by something else.
                if UInt64.random(in: 0..<5, using: &numbers) == 0 { continue }
                let tokens = UInt64.random(in: 1...4, using: &numbers)
                let charge = LimitCharge(tokens: tokens)
                let decision =
                    switch number {
                    case 0: limiter.take(charge, of: plan, &first)
                    case 1: limiter.take(charge, of: plan, &second)
                    default: limiter.take(charge, of: plan, &third)
                    }
                let isThere = models.allSatisfy { $0.holds(tokens, at: now) }
                #expect((decision == .within) == isThere, "round \(round)")
                if isThere {
                    for index in models.indices { models[index].take(tokens, at: now) }
                    outcomes.granted += 1
                } else {
                    outcomes.refused += 1
                    if number > 0 { outcomes.late += 1 }
                }
                guard case .exceeded(_, let wait) = decision else { continue }
                // What was said is enough, and five milliseconds less is not.
                #expect(models.allSatisfy { $0.holds(tokens, at: now + wait) }, "round \(round)")
                let early = now + (wait > 5 * millisecond ? wait - 5 * millisecond : 0)
                #expect(!models.allSatisfy { $0.holds(tokens, at: early) }, "round \(round)")
            }
        }

        #expect(outcomes.granted > 500 && outcomes.refused > 500 && outcomes.late > 100, "\(outcomes)")
    }
}
