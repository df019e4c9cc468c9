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
}
