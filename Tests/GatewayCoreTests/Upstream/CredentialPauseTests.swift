import HTTPModel
import Testing

@testable import GatewayCore

/// For how long nothing is sent after an answer of 429.
struct CredentialPauseTests {
    private func head(_ retryAfter: String?) -> ResponseHead {
        var head = ResponseHead(status: .tooManyRequests)
        if let retryAfter {
            head.append(name: Array("Retry-After".utf8).span, value: Array(retryAfter.utf8).span)
        }
        return head
    }

    private func at(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64((1_000 + seconds) * 1_000_000_000))
    }

    private func begun(
        _ retryAfter: String?, isSafe: Bool = true, maximum: Duration = .seconds(60)
    ) -> CredentialPause? {
        let pause = CredentialPauses(maximum: maximum).keep([7])[0]
        let hasBegun = pause.begin(head(retryAfter), toSafeRequest: isSafe, now: at(0), nowUnixSeconds: 0)
        return hasBegun ? pause : nil
    }

    @Test func itLastsAsLongAsTheUpstreamSaysAndTheRestIsRoundedUp() throws {
        let pause = try #require(begun("5"))

        #expect(pause.remainingSeconds(at: at(0)) == 5)
        #expect(pause.remainingSeconds(at: at(0.1)) == 5)
        #expect(pause.remainingSeconds(at: at(4.5)) == 1)
        #expect(pause.remainingSeconds(at: at(5)) == nil)
    }

    @Test(
        arguments: [
            ("an hour", "3600", true, Duration.seconds(60), 60), ("not said", nil, true, .seconds(60), 1),
            ("nothing to wait for", "0", true, .seconds(60), nil), ("no notice", "5", true, .zero, nil),
            ("a write, said", "5", false, .seconds(60), 5),
            ("a write, not said", nil, false, .seconds(60), nil),
        ] as [(String, String?, Bool, Duration, UInt64?)])
    func itIsBounded(
        name: String, retryAfter: String?, isSafe: Bool, maximum: Duration, expected: UInt64?
    ) {
        #expect(
            begun(retryAfter, isSafe: isSafe, maximum: maximum)?.remainingSeconds(at: at(0)) == expected)
    }

    @Test func aLaterAnswerNeverMakesItShorter() throws {
        let pause = try #require(begun("30"))

        _ = pause.begin(head("2"), toSafeRequest: true, now: at(1), nowUnixSeconds: 0)

        #expect(pause.remainingSeconds(at: at(10)) == 20)
    }

    @Test func aCredentialKeepsItsPauseWhileItIsInUse() {
        let pauses = CredentialPauses(maximum: .seconds(60))
        let first = pauses.keep([1, 2, 0, 0])
        let second = pauses.keep([2, 3])
        let third = pauses.keep([1])

        #expect(first[0] !== first[1] && first[2] === first[3])
        #expect(second[0] === first[1])
        #expect(third[0] !== first[0])
    }
}
