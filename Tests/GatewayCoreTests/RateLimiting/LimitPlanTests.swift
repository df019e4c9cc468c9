import HTTPModel
import Testing

@testable import GatewayCore

struct LimitPlanTests {
    @Test func theFieldNamesQuotaAndWindowOfEveryLimit() throws {
        let plan = try LimitPlan([
            LimitPolicy(
                plan: "p", name: "tenant", by: [.tenant],
                rate: LimitRate(requests: 100, per: .seconds(1), burst: 200)),
            LimitPolicy(
                plan: "p", name: "day", by: [.token], rate: LimitRate(requests: 7, per: .seconds(1), burst: 5)
            ),
        ])

        #expect(
            String(decoding: plan.fieldsPrefix, as: UTF8.self)
                == "RateLimit-Policy: \"tenant\";q=200;w=2, \"day\";q=5;w=1\r\nRateLimit: ")
    }

    @Test func aNameTwiceIsRefused() throws {
        let policy = try LimitFixture.policy("a", intervalNanoseconds: 1_000, burst: 1)

        #expect(throws: LimitPolicyFailure.repeatedName("a")) { try LimitPlan([policy, policy]) }
    }

    @Test func nineLimitsAreRefused() throws {
        let policies = try (0..<9).map {
            try LimitFixture.policy("limit\($0)", intervalNanoseconds: 1_000, burst: 1)
        }

        #expect(throws: LimitPolicyFailure.tooManyLimits) { try LimitPlan(policies) }
        #expect(try LimitPlan(Array(policies.prefix(8))).policies.count == 8)
    }
}
