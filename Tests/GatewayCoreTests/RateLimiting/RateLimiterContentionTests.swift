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
    private func isExceeded(_ bucket: TokenBucket, by readings: [UInt64]) -> Bool {
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

        #expect(!isExceeded(bucket, by: [100, 100, 100, 110, 120]))
        #expect(isExceeded(bucket, by: [100, 100, 100, 110, 119]))
        #expect(isExceeded(bucket, by: [0, 100, 100, 100, 100]))
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
        #expect(!isExceeded(policy.bucket, by: readings))
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
            #expect(!isExceeded(policy.bucket, by: instants), "tenant \(tenant)")
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
        return Int(policy.burst) - left
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
