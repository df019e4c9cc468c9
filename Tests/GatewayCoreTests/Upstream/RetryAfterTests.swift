import HTTPModel
import Testing

@testable import GatewayCore

/// What is read out of a `Retry-After` field.
struct RetryAfterTests {
    /// Mon, 23 Nov 2026 12:00:00 GMT.
    private static let now: Int64 = 1_795_435_200

    private func seconds(_ value: String?) -> UInt64? {
        var head = ResponseHead(status: .tooManyRequests)
        if let value { head.append(name: Array("retry-after".utf8).span, value: Array(value.utf8).span) }
        return RetryAfter.seconds(in: head, nowUnixSeconds: Self.now)
    }

    @Test(
        arguments: [
            ("0", 0), ("4", 4), ("007", 7), ("Mon, 23 Nov 2026 12:00:30 GMT", 30),
            ("Mon, 23 Nov 2026 11:59:00 GMT", 0), ("99999999999999999999999999", 1 << 40),
        ] as [(String, UInt64)])
    func secondsAndDatesAreRead(value: String, expected: UInt64) {
        #expect(seconds(value) == expected)
    }

    @Test(arguments: ["", "-1", "+1", "1.5", "1 s", "soon", "Mon, 23 Nov 2026", "0x10"])
    func whatCannotBeReadSaysNothing(value: String) {
        #expect(seconds(value) == nil)
    }

    @Test func noFieldSaysNothing() {
        #expect(seconds(nil) == nil)
    }
}
