import HTTPModel
import Testing

@testable import GatewayCore

struct LimitPlanTests {
    @Test func aCostThatNoFullBucketHoldsIsRefused() throws {
        let policy = try LimitFixture.policy("a", intervalNanoseconds: 1_000, burst: 4)

        #expect(throws: LimitPolicyFailure.costAboveMaximum("a")) {
            try LimitPlan([policy], cost: LimitCost(write: 5))
        }
        #expect(try LimitPlan([policy], cost: LimitCost(write: 4)).cost.greatest == 4)
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
