import Testing

@testable import GatewayCore

struct LimitDecisionTests {
    @Test(
        arguments: [
            (1, 1), (999_999_999, 1), (1_000_000_000, 1), (1_000_000_001, 2), (3_999_999_999, 4),
        ] as [(UInt64, UInt64)])
    func secondsAreRoundedUpAndNeverZero(nanoseconds: UInt64, seconds: UInt64) {
        let exceeded = LimitDecision.exceeded(policyIndex: 0, retryAfterNanoseconds: nanoseconds)

        #expect(exceeded.retryAfterSeconds == seconds)
        #expect(LimitDecision.noRoom(retryAfterNanoseconds: nanoseconds).retryAfterSeconds == seconds)
    }
}
