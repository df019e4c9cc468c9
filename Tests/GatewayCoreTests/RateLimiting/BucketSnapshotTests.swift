import HTTPModel
import Testing

@testable import GatewayCore

struct BucketSnapshotTests {
    private let plan: LimitPlan

    init() throws {
        plan = try LimitPlan([
            LimitFixture.policy("l", intervalNanoseconds: 1_000_000_000, burst: 5),
            LimitPolicy(plan: "p", name: "atOnce", by: [.tenant], .concurrent(5)),
        ])
    }

    private func remaining(_ limiter: RateLimiter, _ moment: LimitMoment, tenant: UInt64 = 1) -> [UInt64] {
        var report = LimitReport()
        _ = limiter.take(
            LimitCharge(tokens: 0), of: plan, by: LimitFixture.subject(tenant: tenant), at: moment,
            report: &report)
        return [report[0].remaining, report[1].remaining]
    }

    /// A limiter of which tenant 1 has taken four tokens and tenant 2 one, each with a request under way.
    private func used(at moment: LimitMoment) -> RateLimiter {
        let limiter = LimitFixture.limiter()
        var report = LimitReport()
        for (tenant, takes) in [(1, 4), (2, 1)] as [(UInt64, Int)] {
            for take in 0..<takes {
                _ = limiter.take(
                    LimitCharge(tokens: 1, isUnderWay: take == 0), of: plan,
                    by: LimitFixture.subject(tenant: tenant), at: moment, report: &report)
            }
        }
        return limiter
    }

    @Test(arguments: [(0, 1), (2, 3), (3, 4), (3_600, 5)] as [(Int64, UInt64)])
    func aRestartGoesOnWhereTheLimiterWas(passedSeconds: Int64, left: UInt64) throws {
        let before = LimitFixture.moment(7_000_000_000, unixSeconds: 1_000)
        let bytes = used(at: before).snapshot(at: before).bytes
        let snapshot = try #require(BucketSnapshot(bytes))

        // The machine was restarted: its monotonic clock begins anew.
        let after = LimitFixture.moment(5, unixSeconds: 1_000 + passedSeconds)
        let limiter = RateLimiter(maximumBuckets: 64, hashKey: snapshot.hashKey)
        limiter.restore(snapshot, at: after)

        #expect(remaining(limiter, after) == [left, 5])
    }

    @Test func fullBucketsAndRequestsUnderWayAreNotKept() {
        let before = LimitFixture.moment(7_000_000_000, unixSeconds: 1_000)

        #expect(used(at: before).snapshot(at: before).buckets.count == 2)
        let later = LimitFixture.moment(8_000_000_000, unixSeconds: 1_001)
        #expect(used(at: before).snapshot(at: later).buckets.count == 1)
    }

    @Test func aClockThatWasSetBackMakesNobodyWaitLonger() throws {
        let before = LimitFixture.moment(7_000_000_000, unixSeconds: 1_000)
        let snapshot = used(at: before).snapshot(at: before)
        let after = LimitFixture.moment(9_000_000_000, unixSeconds: 10)
        let limiter = LimitFixture.limiter()
        limiter.restore(snapshot, at: after)

        #expect(remaining(limiter, after) == [1, 5])
    }

    @Test func anotherPolicyFindsNothing() throws {
        let before = LimitFixture.moment(7_000_000_000, unixSeconds: 1_000)
        let limiter = LimitFixture.limiter()
        limiter.restore(used(at: before).snapshot(at: before), at: before)
        let faster = try LimitPlan([LimitFixture.policy("l", intervalNanoseconds: 900_000_000, burst: 5)])
        var report = LimitReport()

        _ = limiter.take(
            LimitCharge(tokens: 0), of: faster, by: LimitFixture.subject(), at: before, report: &report)

        #expect(report[0].remaining == 5)
    }

    @Test func anyDamageToTheFileIsSeen() {
        let moment = LimitFixture.moment(7_000_000_000, unixSeconds: 1_000)
        let whole = used(at: moment).snapshot(at: moment).bytes

        for cut in 0..<whole.count { #expect(BucketSnapshot(Array(whole.prefix(cut))) == nil, "\(cut)") }
        for place in whole.indices {
            var damaged = whole
            damaged[place] ^= 0x10
            #expect(BucketSnapshot(damaged) == nil, "\(place)")
        }
    }
}
