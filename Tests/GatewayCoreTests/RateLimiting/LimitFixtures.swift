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
            plan: plan, name: name, by: dimensions, rate: LimitRate(requests: 1, per: per, burst: burst))
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
