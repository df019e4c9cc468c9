import HTTPModel
import Testing

@testable import GatewayCore

struct LimitPlanTests {
    @Test func aRestIsOwedWhereAMissCostsMoreOrRequestsAtOnceAreCounted() throws {
        let rate = try LimitFixture.policy("rate", intervalNanoseconds: 1_000, burst: 9)
        let atOnce = try LimitPolicy(plan: "p", name: "atOnce", by: [.tenant], .concurrent(2))

        #expect(try !LimitPlan([rate]).hasRest)
        #expect(try LimitPlan([rate], cost: LimitCost(hit: 0)).hasRest)
        #expect(
            try LimitPlan([rate, atOnce]).rest(isPaidAsHit: true) == LimitCharge(tokens: 0, isUnderWay: true))
        #expect(
            try LimitPlan([rate], cost: LimitCost(hit: 1, miss: 4)).rest(isPaidAsHit: true)
                == LimitCharge(tokens: 3))
    }

    @Test func whoHasPaidInFullOwesNoTokens() throws {
        let plan = try LimitPlan(
            [LimitFixture.policy("rate", intervalNanoseconds: 1_000, burst: 9)],
            cost: LimitCost(hit: 1, miss: 4))

        #expect(plan.rest(isPaidAsHit: false) == LimitCharge(tokens: 0))
    }

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
