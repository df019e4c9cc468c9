import Testing

@testable import GatewayCore

struct ExceededLimitsTests {
    @Test func theLongestIsTheOneToTellOfAndAllAreNamed() {
        let limits = LimitFixture.exceeded("second", "minute")

        #expect(limits.policy.name == "minute")
        #expect(limits.names == ["second", "minute"])
    }
}
