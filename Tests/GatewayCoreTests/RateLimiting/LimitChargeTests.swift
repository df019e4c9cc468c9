import HTTPModel
import Testing

@testable import GatewayCore

struct LimitChargeTests {
    @Test func tokensConcernRatesAndQuotasAndBeingUnderWayConcernsRequestsAtOnce() {
        let rate = LimitRule.rate(TokenBucket(intervalNanoseconds: 1, capacityNanoseconds: 1))
        let rules = [rate, .quota(maximum: 1), .concurrent(maximum: 1)]

        #expect(rules.map { LimitCharge(tokens: 1).concerns($0) } == [true, true, false])
        #expect(rules.map { LimitCharge(tokens: 0).concerns($0) } == [false, false, false])
        #expect(
            rules.map { LimitCharge(tokens: 0, isUnderWay: true).concerns($0) } == [false, false, true])
    }

    @Test func theGreatestCostIsThatOfAMissOrAWrite() {
        #expect(LimitCost(hit: 1, miss: 2, write: 7).greatest == 7)
        #expect(LimitCost(hit: 0, miss: 9, write: 1).greatest == 9)
    }
}
