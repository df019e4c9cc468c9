import HTTPModel
import Locking
import Synchronization
import Testing

@testable import GatewayCore

/// Many threads against the promises of `RateLimiter`. Nothing here is approximate: every bound is exact.
struct RateLimiterContentionTests {
    /// The clock readings of all granted takes, by subject.
    private final class Grants: Sendable {
        let readings = Lock<[UInt64: [UInt64]]>([:])

        func add(_ own: [UInt64: [UInt64]]) {
            readings.withLock { all in
                for (subject, instants) in own { all[subject, default: []] += instants }
            }
        }
    }

    /// A clock that all threads push on, and that some read late.
    private final class SharedClock: Sendable {
        let nanoseconds = Atomic<UInt64>(1_000_000)

        func tick(_ step: UInt64) -> UInt64 { nanoseconds.wrappingAdd(step, ordering: .relaxed).newValue }
    }

    /// Whether some stretch of time saw more takes than burst + rate × time.
    static func isExceeded(_ bucket: TokenBucket, by readings: [UInt64]) -> Bool {
        // n takes from a to b need n × interval <= capacity + (b - a): compare with the worst beginning so
        // far.
        let sorted = readings.sorted()
        var worst = Int64.min
        for (index, instant) in sorted.enumerated() {
            let before = Int64(index) * Int64(bucket.intervalNanoseconds) - Int64(instant)
            worst = max(worst, -before)
            let after = Int64(index + 1) * Int64(bucket.intervalNanoseconds) - Int64(instant)
            if after + worst > Int64(bucket.capacityNanoseconds) { return true }
        }
        return false
    }

    @Test func theCheckItselfSeesOneTakeTooMany() {
        let bucket = TokenBucket(intervalNanoseconds: 10, capacityNanoseconds: 30)

        #expect(!Self.isExceeded(bucket, by: [100, 100, 100, 110, 120]))
        #expect(Self.isExceeded(bucket, by: [100, 100, 100, 110, 119]))
        #expect(Self.isExceeded(bucket, by: [0, 100, 100, 100, 100]))
    }

    @Test(arguments: [1, 5, 40] as [UInt64])
    func noStretchOfTimeSeesMoreThanBurstAndRate(burst: UInt64) throws {
        let (limiter, clock, grants) = (LimitFixture.limiter(), SharedClock(), Grants())
        let policy = try LimitFixture.policy("l", intervalNanoseconds: 5_000, burst: burst)
        let plan = try LimitPlan([policy])

        Crowd.run(6) { number in
            var report = LimitReport()
            var own: [UInt64] = []
            for step in 0..<40_000 {
                // Every third reading is old when it is used, as a worker's is at the end of a long turn.
                let now = clock.tick(37) - (step % 3 == 0 ? 900 * UInt64(number) : 0)
                let decision = limiter.take(
                    plan, subject: LimitFixture.subject(), now: LimitFixture.instant(now), report: &report)
                if decision == .within { own.append(now) }
            }
            grants.add([1: own])
        }

        let readings = grants.readings.withLock { $0[1] ?? [] }
        #expect(!Self.isExceeded(policy.bucket, by: readings))
        #expect(readings.count > 1_000)
    }

    @Test func anEvictionGrantsNothing() throws {
        let (limiter, clock, grants) = (LimitFixture.limiter(63), SharedClock(), Grants())
        let policy = try LimitFixture.policy("l", intervalNanoseconds: 1_000, burst: 4)
        let plan = try LimitPlan([policy])

        Crowd.run(6) { number in
            var report = LimitReport()
            var numbers = SeededNumbers(state: UInt64(number))
            var own: [UInt64: [UInt64]] = [:]
            for step in 0..<40_000 {
                let now = clock.tick(60) - (step % 3 == 0 ? 700 * UInt64(number) : 0)
                // Skewed, so that some subjects are always short and hundreds come and go.
                let tenant =
                    UInt64.random(in: 1...4, using: &numbers) == 1
                    ? UInt64.random(in: 1...400, using: &numbers) : UInt64.random(in: 1...4, using: &numbers)
                let decision = limiter.take(
                    plan, subject: LimitFixture.subject(tenant: tenant), now: LimitFixture.instant(now),
                    report: &report)
                if decision == .within { own[tenant, default: []].append(now) }
            }
            grants.add(own)
        }

        let readings = grants.readings.withLock { $0 }
        for (tenant, instants) in readings {
            #expect(!Self.isExceeded(policy.bucket, by: instants), "tenant \(tenant)")
        }
        #expect(limiter.evictionCount > 1_000)
        #expect(readings.count > 300)
    }

    @Test func everyTakeIsAllOrNone() throws {
        let limiter = LimitFixture.limiter()
        let hour: UInt64 = 3_600_000_000_000
        let tenant = try LimitFixture.policy("tenant", by: [.tenant], intervalNanoseconds: hour, burst: 3_000)
        let token = try LimitFixture.policy("token", by: [.token], intervalNanoseconds: hour, burst: 700)
        let both = try [LimitPlan([tenant, token]), LimitPlan([token, tenant])]
        let grants = Grants()

        // Time stands still: what is gone from a bucket at the end is exactly what was granted.
        Crowd.run(6) { number in
            var report = LimitReport()
            var own: [UInt64: [UInt64]] = [:]
            for step in 0..<6_000 {
                let name = UInt64(step + number) % 6
                let decision = limiter.take(
                    both[number % 2], subject: LimitFixture.subject(token: name),
                    now: LimitFixture.instant(1), report: &report)
                if decision == .within { own[name, default: []].append(1) }
            }
            grants.add(own)
        }

        let granted = grants.readings.withLock { $0.mapValues(\.count) }
        #expect(granted.values.reduce(0, +) == 3_000)
        for name in 0..<6 as Range<UInt64> {
            let gone = taken(limiter, token, LimitFixture.subject(token: name))
            #expect(gone == granted[name] ?? 0, "token \(name)")
        }
        #expect(taken(limiter, tenant, LimitFixture.subject()) == 3_000)
    }

    /// Tokens gone from a bucket, found by taking the rest.
    private func taken(_ limiter: RateLimiter, _ policy: LimitPolicy, _ subject: LimitSubject) -> Int {
        var report = LimitReport()
        var left = 0
        guard let plan = try? LimitPlan([policy]) else { return -1 }
        while limiter.take(plan, subject: subject, now: LimitFixture.instant(1), report: &report) == .within {
            left += 1
        }
        return Int(policy.maximum) - left
    }

    @Test func afterAnyScheduleTheStatedWaitIsEnoughAndFiveMillisecondsLessIsNot() throws {
        let (limiter, clock) = (LimitFixture.limiter(), SharedClock())
        let plan = try LimitPlan([
            LimitFixture.policy("a", by: [.tenant], intervalNanoseconds: 20_000_000, burst: 10),
            LimitFixture.policy("b", by: [.token], intervalNanoseconds: 70_000_000, burst: 3),
        ])

        for round in 0..<20 {
            Crowd.run(4) { number in
                var report = LimitReport()
                for _ in 0..<200 {
                    _ = limiter.take(
                        plan, subject: LimitFixture.subject(token: UInt64(number)),
                        now: LimitFixture.instant(clock.tick(100_000)), report: &report)
                }
            }
            var report = LimitReport()
            let subject = LimitFixture.subject(token: UInt64(round % 4))
            let now = clock.tick(0)
            var decision = LimitDecision.within
            while decision == .within {
                decision = limiter.take(
                    plan, subject: subject, now: LimitFixture.instant(now), report: &report)
            }
            guard case .exceeded(_, let wait) = decision else {
                Issue.record("round \(round): \(decision)")
                return
            }
            let early = limiter.take(
                plan, subject: subject, now: LimitFixture.instant(now + wait - 5_000_000), report: &report)
            let due = limiter.take(
                plan, subject: subject, now: LimitFixture.instant(now + wait), report: &report)

            #expect(early != .within, "round \(round)")
            #expect(due == .within, "round \(round)")
            _ = clock.tick(wait)
        }
    }
}

/// The same for what requests cost, requests at once, and quotas: many threads, and every count exact.
struct LimitContentionTests {
    private static let hour: UInt64 = 3_600_000_000_000

    private func left(_ limiter: RateLimiter, _ plan: LimitPlan) -> [UInt64] {
        var report = LimitReport()
        _ = limiter.take(
            LimitCharge(tokens: 0), of: plan, by: LimitFixture.subject(), at: LimitFixture.moment(1),
            report: &report)
        return plan.policies.indices.map { report[$0].remaining }
    }

    @Test func theSumOfAllCostsIsWhatIsGone() throws {
        let limiter = LimitFixture.limiter()
        let plan = try LimitPlan([
            LimitFixture.policy("a", intervalNanoseconds: Self.hour, burst: 5_000),
            LimitFixture.policy("b", intervalNanoseconds: 2 * Self.hour, burst: 4_000),
        ])
        let spent = Atomic<UInt64>(0)

        // Time stands still, so nothing grows back.
        Crowd.run(6) { number in
            var report = LimitReport()
            var numbers = SeededNumbers(state: UInt64(number))
            for _ in 0..<3_000 {
                let cost = UInt64.random(in: 1...9, using: &numbers)
                let decision = limiter.take(
                    LimitCharge(tokens: cost), of: plan, by: LimitFixture.subject(),
                    at: LimitFixture.moment(1), report: &report)
                if decision == .within { spent.wrappingAdd(cost, ordering: .relaxed) }
            }
        }

        let gone = spent.load(ordering: .relaxed)
        #expect(gone > 3_990 && gone <= 4_000)
        #expect(left(limiter, plan) == [5_000 - gone, 4_000 - gone])
    }

    @Test func noMoreThanAllowedAreEverUnderWay() throws {
        let limiter = LimitFixture.limiter()
        let plan = try LimitPlan([
            LimitPolicy(plan: "p", name: "three", by: [.tenant], .concurrent(3)),
            LimitPolicy(plan: "p", name: "two", by: [.token], .concurrent(2)),
        ])
        let underWay = Atomic<Int>(0)
        let most = Atomic<Int>(0)
        let granted = Atomic<Int>(0)

        Crowd.run(6) { number in
            var report = LimitReport()
            let subject = LimitFixture.subject(token: UInt64(number % 3))
            for step in 0..<20_000 {
                let decision = limiter.take(
                    LimitCharge(tokens: 0, isUnderWay: true), of: plan, by: subject,
                    at: LimitFixture.moment(UInt64(step)), report: &report)
                guard decision == .within else { continue }
                let now = underWay.add(1, ordering: .relaxed).newValue
                most.max(now, ordering: .relaxed)
                granted.add(1, ordering: .relaxed)
                underWay.subtract(1, ordering: .relaxed)
                limiter.release(report.underWay, of: plan, by: subject)
            }
        }

        #expect(most.load(ordering: .relaxed) <= 3)
        #expect(granted.load(ordering: .relaxed) > 6)
        #expect(left(limiter, plan) == [3, 2])
    }

    @Test func aQuotaIsExactToOneRequest() throws {
        let folder = try #require(PrivateFolder.make(prefix: "kayle-quota-test-"))
        let store = try QuotaStore(
            path: "\(folder)/quotas", minimumBuckets: 1_000, freshKey: LimitFixture.hashKey,
            unixNanoseconds: 0)
        let limiter = LimitFixture.limiter()
        let calendar = QuotaCalendar(.day, zone: .utc)
        let plan = try LimitPlan(
            [
                LimitPolicy(plan: "p", name: "day", by: [.tenant], .quota(1_000, calendar)),
                LimitFixture.policy("rate", by: [.token], intervalNanoseconds: Self.hour, burst: 300),
            ], quotas: store)
        let granted = Atomic<Int>(0)

        Crowd.run(6) { number in
            var report = LimitReport()
            for step in 0..<2_000 {
                // Some thread is always at the end of the day already.
                let unix: Int64 = step % 7 == number ? 86_399 : 0
                let decision = limiter.take(
                    LimitCharge(tokens: 1), of: plan, by: LimitFixture.subject(token: UInt64(number)),
                    at: LimitFixture.moment(1, unixSeconds: unix), report: &report)
                if decision == .within { granted.add(1, ordering: .relaxed) }
            }
        }

        #expect(granted.load(ordering: .relaxed) == 1_000)
        #expect(left(limiter, plan)[0] == 0)
    }

    /// Requests that are looked at for the price of a hit and turn out to be misses, or are refused by
    /// something else in between: what is gone in the end is what was granted, in every bucket.
    @Test func aRequestThatIsRefusedAfterItsLookChangesNothing() throws {
        let limiter = LimitFixture.limiter()
        let plan = try LimitPlan([
            LimitFixture.policy("a", by: [.tenant], intervalNanoseconds: Self.hour, burst: 5_000),
            LimitFixture.policy("b", by: [.token], intervalNanoseconds: 2 * Self.hour, burst: 900),
            LimitPolicy(plan: "p", name: "c", by: [.tenant], .concurrent(2)),
        ])
        let spent = Lock<[UInt64: UInt64]>([:])

        // Time stands still, so nothing grows back.
        Crowd.run(6) { number in
            var numbers = SeededNumbers(state: UInt64(number))
            var own: [UInt64: UInt64] = [:]
            var take = LimitTake()
            for _ in 0..<6_000 {
                let token = UInt64.random(in: 1...6, using: &numbers)
                let subject = LimitFixture.subject(token: token)
                let cost = [1, 5, 7].randomElement(using: &numbers) ?? 1 as UInt64
                guard
                    limiter.look(
                        LimitCharge(tokens: 1), of: plan, by: subject, at: LimitFixture.moment(1), &take)
                        == .within
                else { continue }
                // Now and then the upstream is paused, or the gateway short of something.
                if UInt64.random(in: 0..<4, using: &numbers) == 0 { continue }
                let charge = LimitCharge(tokens: cost, isUnderWay: cost > 1)
                guard limiter.take(charge, of: plan, &take) == .within else { continue }
                own[token, default: 0] += cost
                limiter.release(take.report.underWay, of: plan, by: subject)
            }
            spent.withLock { $0.merge(own, uniquingKeysWith: +) }
        }

        let gone = spent.withLock { $0 }
        #expect(gone.values.reduce(0, +) > 4_990)
        for (token, tokens) in gone {
            var report = LimitReport()
            _ = limiter.take(
                LimitCharge(tokens: 0), of: plan, by: LimitFixture.subject(token: token),
                at: LimitFixture.moment(1), report: &report)
            #expect(report[0].remaining == 5_000 - gone.values.reduce(0, +))
            #expect(report[1].remaining == 900 - tokens, "token \(token)")
            #expect(report[2].remaining == 2)
        }
    }

    /// The same while time goes on and clocks are read late: never more than burst and rate.
    @Test func aLookPromisesNothingAndNothingIsGrantedTwice() throws {
        let limiter = LimitFixture.limiter()
        let policy = try LimitFixture.policy("l", intervalNanoseconds: 5_000, burst: 12)
        let plan = try LimitPlan([policy])
        let clock = Atomic<UInt64>(1_000_000)
        let kept = Lock<[UInt64]>([])

        Crowd.run(6) { number in
            var take = LimitTake()
            var own: [UInt64] = []
            for step in 0..<20_000 {
                let now =
                    clock.add(41, ordering: .relaxed).newValue - (step % 3 == 0 ? 900 * UInt64(number) : 0)
                let look = limiter.look(
                    LimitCharge(tokens: 1), of: plan, by: LimitFixture.subject(),
                    at: LimitFixture.moment(now), &take)
                guard look == .within, limiter.take(LimitCharge(tokens: 5), of: plan, &take) == .within else {
                    continue
                }
                own += [UInt64](repeating: now, count: 5)
            }
            kept.withLock { $0 += own }
        }

        let readings = kept.withLock { $0 }
        #expect(!RateLimiterContentionTests.isExceeded(policy.bucket, by: readings))
        // Nothing is lost either: with always somebody asking, all that grew back is taken.
        let elapsed = clock.load(ordering: .relaxed) - 1_000_000
        #expect(UInt64(readings.count) * 5_000 > elapsed / 10 * 9)
    }

    @Test func aLimitInShadowTakesPartAndHoldsNobody() throws {
        let limiter = LimitFixture.limiter()
        let shadow = try LimitPolicy(
            plan: "p", name: "shadow", by: [.tenant],
            .rate(LimitRate(requests: 1, per: .seconds(3_600), burst: 2)), isShadow: true)
        let plan = try LimitPlan([shadow, LimitFixture.policy("l", intervalNanoseconds: Self.hour, burst: 4)])
        var report = LimitReport()

        let taken = (0..<5).map { _ in
            let decision = limiter.take(
                LimitCharge(tokens: 1), of: plan, by: LimitFixture.subject(), at: LimitFixture.moment(1),
                report: &report)
            return "\(decision == .within) \(report.isExceeded(0))"
        }

        #expect(taken == ["true false", "true false", "true true", "true true", "false true"])
        #expect(left(limiter, plan) == [0, 0])
    }
}
