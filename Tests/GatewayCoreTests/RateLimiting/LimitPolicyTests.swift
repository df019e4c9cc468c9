import Testing

@testable import GatewayCore

struct LimitPolicyTests {
    private func policy(
        plan: String = "p", name: String = "tenant", by: [LimitDimension] = [.tenant], requests: UInt64 = 100,
        per: Duration = .seconds(1), burst: UInt64 = 200
    ) throws(LimitPolicyFailure) -> LimitPolicy {
        try LimitPolicy(
            plan: plan, name: name, by: by,
            .rate(LimitRate(requests: requests, per: per, burst: burst)))
    }

    @Test func rateAndBurstBecomeTimes() throws {
        let policy = try policy()

        #expect(policy.bucket.intervalNanoseconds == 10_000_000)
        #expect(policy.bucket.capacityNanoseconds == 2_000_000_000)
        #expect(policy.windowSeconds == 2)
    }

    @Test(arguments: [(3, 333_333_334), (7, 142_857_143), (999_999, 1_001)] as [(UInt64, UInt64)])
    func theIntervalIsRoundedTowardsStrictness(requests: UInt64, interval: UInt64) throws {
        let policy = try policy(requests: requests)

        #expect(policy.bucket.intervalNanoseconds == interval)
        #expect(interval * requests - 1_000_000_000 <= 1_000_000)
    }

    @Test func everyMistakeHasItsFailure() {
        #expect(throws: LimitPolicyFailure.malformedName) { try policy(name: "") }
        #expect(throws: LimitPolicyFailure.malformedName) { try policy(name: "a\"b") }
        #expect(throws: LimitPolicyFailure.malformedName) {
            try policy(name: String(repeating: "a", count: 65))
        }
        #expect(throws: LimitPolicyFailure.noDimension) { try policy(by: []) }
        #expect(throws: LimitPolicyFailure.repeatedDimension(.token)) { try policy(by: [.token, .token]) }
        #expect(throws: LimitPolicyFailure.requestsOutOfBounds) { try policy(requests: 0) }
        #expect(throws: LimitPolicyFailure.burstOutOfBounds) { try policy(burst: 0) }
        #expect(throws: LimitPolicyFailure.burstOutOfBounds) { try policy(burst: .max) }
        #expect(throws: LimitPolicyFailure.timeOutOfBounds) { try policy(per: .zero) }
        #expect(throws: LimitPolicyFailure.tooFast) { try policy(requests: 1_000_001) }
        #expect(throws: LimitPolicyFailure.tooLong) { try policy(requests: 1, burst: 366 * 86_400 + 1) }
    }

    @Test func theSameParametersHaveTheSameIdentityInAnyOrderOfDimensions() throws {
        let first = try policy(by: [.tenant, .route])
        let second = try policy(by: [.route, .tenant])

        #expect(first.identity == second.identity)
    }

    @Test func everyParameterIsPartOfTheIdentity() throws {
        let identities = try [
            policy(), policy(plan: "q"), policy(name: "token"), policy(by: [.token]),
            policy(by: [.tenant, .token]), policy(requests: 101), policy(burst: 201),
        ].map(\.identity)

        #expect(Set(identities).count == identities.count)
    }

    @Test func whatIsUnderWayOrUsedMeansTheSameUnderAnotherMaximum() throws {
        let calendar = QuotaCalendar(.day, zone: .utc)
        func identity(_ amount: LimitAmount) throws -> UInt64 {
            try LimitPolicy(plan: "p", name: "l", by: [.tenant], amount).identity
        }

        #expect(try identity(.concurrent(1)) == identity(.concurrent(2)))
        #expect(try identity(.quota(1, calendar)) == identity(.quota(2, calendar)))
        #expect(try identity(.quota(1, calendar)) != identity(.quota(1, QuotaCalendar(.month, zone: .utc))))
        #expect(try identity(.quota(1, calendar)) != identity(.concurrent(1)))
    }

    @Test func aQuotaOrANumberAtOnceIsAtLeastOne() {
        #expect(throws: LimitPolicyFailure.requestsOutOfBounds) {
            try LimitPolicy(plan: "p", name: "l", by: [.tenant], .concurrent(0))
        }
        #expect(throws: LimitPolicyFailure.requestsOutOfBounds) {
            try LimitPolicy(
                plan: "p", name: "l", by: [.tenant], .quota(0, QuotaCalendar(.day, zone: .utc)))
        }
    }
}
