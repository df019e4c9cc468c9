import HTTPModel

@testable import GatewayCore

/// Short ways to the values that the tests of this room need.
enum LimitFixture {
    static func policy(
        _ name: String, by dimensions: [LimitDimension] = [.tenant], intervalNanoseconds: UInt64,
        burst: UInt64,
        plan: String = "standard"
    ) throws -> LimitPolicy {
        let per = Duration.nanoseconds(Int64(intervalNanoseconds))
        return try LimitPolicy(
            plan: plan, name: name, by: dimensions,
            .rate(LimitRate(requests: 1, per: per, burst: burst)))
    }

    /// The limits that a request of a plan with these was refused for, the last the longest.
    static func exceeded(_ names: String...) -> ExceededLimits {
        do {
            let plan = try LimitPlan(
                names.map { try policy($0, intervalNanoseconds: 1_000_000_000, burst: 1) })
            var report = LimitReport()
            for index in names.indices { report.exceeded |= 1 << UInt8(index) }
            return ExceededLimits(plan, report, longest: names.count - 1)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// A moment by both clocks.
    static func moment(_ nanoseconds: UInt64, unixSeconds: Int64 = 0) -> LimitMoment {
        LimitMoment(instant(nanoseconds), unixNanoseconds: unixSeconds * 1_000_000_000)
    }

    static func subject(tenant: UInt64 = 1, token: UInt64 = 1, address: String = "192.0.2.1") -> LimitSubject
    {
        LimitSubject(
            tenant: tenant, token: token, route: 1, credential: 1,
            address: IPAddress(address) ?? IPAddress(high: 0, low: 0))
    }

    static let hashKey = SipHash.Key(0x1234_5678, 0x9ABC_DEF0)

    static func limiter(_ maximumBuckets: Int = 4_096) -> RateLimiter {
        RateLimiter(maximumBuckets: maximumBuckets, hashKey: hashKey)
    }

    static func instant(_ nanoseconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: nanoseconds)
    }
}

extension RateLimiter {
    /// Looks and takes at once, as a request does whose cost is known from the start.
    func take(
        _ charge: LimitCharge, of plan: LimitPlan, by subject: LimitSubject, at moment: LimitMoment,
        report: inout LimitReport
    ) -> LimitDecision {
        var take = LimitTake()
        var decision = look(charge, of: plan, by: subject, at: moment, &take)
        if decision == .within { decision = self.take(charge, of: plan, &take) }
        report = take.report
        return decision
    }

    /// Takes one token from each limit, as a request that costs one does.
    func take(
        _ plan: LimitPlan, subject: LimitSubject, now: MonotonicInstant, report: inout LimitReport
    ) -> LimitDecision {
        take(
            LimitCharge(tokens: 1), of: plan, by: subject, at: LimitMoment(now, unixNanoseconds: 0),
            report: &report)
    }
}

extension LimitPolicy {
    /// The bucket of a rate.
    var bucket: TokenBucket {
        guard case .rate(let bucket) = rule else { preconditionFailure("\(name) is no rate") }
        return bucket
    }
}
