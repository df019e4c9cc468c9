import HTTPModel
import Testing

@testable import GatewayCore

/// Known ways to make two readers see two different requests in the same bytes. None may reach an upstream.
struct RequestSmugglingTests {
    struct Attack: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        var testDescription: String { name }

        init(_ name: String, _ request: String) {
            self.name = name
            self.bytes = Array(request.utf8)
        }

        /// An attack by the fields of a chunked POST, which hides `GPOST` in its content.
        init(_ name: String, fields: String) {
            self.init(
                name,
                "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n0\r\n\r\nGPOST / HTTP/1.1\r\nHost: a\r\n\r\n")
        }
    }

    private static let attacks: [Attack] = [
        Attack("CL.TE", fields: "Content-Length: 13\r\nTransfer-Encoding: chunked"),
        Attack("TE.CL", fields: "Transfer-Encoding: chunked\r\nContent-Length: 4"),
        Attack("CL.0 with two lengths", fields: "Content-Length: 0\r\nContent-Length: 44"),
        Attack("two equal lengths", fields: "Content-Length: 5\r\nContent-Length: 5"),
        Attack("a list of lengths", fields: "Content-Length: 5, 44"),
        Attack("a signed length", fields: "Content-Length: +5"),
        Attack("a hexadecimal length", fields: "Content-Length: 0x5"),
        Attack("an octal-looking length with a suffix", fields: "Content-Length: 05L"),
        Attack("a length over 64 bits", fields: "Content-Length: 18446744073709551621"),
        Attack("TE.TE, the second unknown", fields: "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow"),
        Attack("TE.TE, the first unknown", fields: "Transfer-Encoding: cow\r\nTransfer-Encoding: chunked"),
        Attack("xchunked", fields: "Transfer-Encoding: xchunked"),
        Attack("identity after chunked", fields: "Transfer-Encoding: chunked, identity"),
        Attack("identity before chunked", fields: "Transfer-Encoding: identity, chunked"),
        Attack("chunked twice", fields: "Transfer-Encoding: chunked, chunked"),
        Attack("a quoted coding", fields: "Transfer-Encoding: \"chunked\""),
        Attack("a space before the colon", fields: "Transfer-Encoding : chunked\r\nContent-Length: 5"),
        Attack("a tab before the colon", fields: "Transfer-Encoding\t: chunked"),
        Attack("a vertical tab before the value", fields: "Transfer-Encoding: \u{B}chunked"),
        Attack("a form feed after the value", fields: "Transfer-Encoding: chunked\u{C}"),
        Attack("a NUL after the value", fields: "Transfer-Encoding: chunked\0"),
        Attack("a byte above 0x7F in the value", fields: "Transfer-Encoding: chunked\u{A0}"),
        Attack("a folded value", fields: "Transfer-Encoding:\r\n chunked"),
        Attack("a folded field", fields: "X: y\r\n Transfer-Encoding: chunked"),
        Attack("a first line that begins with a space", "POST / HTTP/1.1\r\n Host: a\r\n\r\n"),
        Attack("a bare LF before the field", fields: "X: y\nTransfer-Encoding: chunked"),
        Attack("a bare CR before the field", fields: "X: y\rTransfer-Encoding: chunked"),
        Attack("a NUL in the name", fields: "Transfer\0-Encoding: chunked"),
        Attack("a line without a colon", fields: "Transfer-Encoding\r\nX: chunked"),
        Attack("bare LFs throughout", "POST / HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello"),
        Attack("an empty line made of LF LF", "GET / HTTP/1.1\r\nHost: a\r\nX: y\n\nGET / HTTP/1.1\r\n\r\n"),
        Attack("HTTP/0.9", "GET /\r\n"),
        Attack("HTTP/1.0 with chunked", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Attack("a version with a tail", "GET / HTTP/1.1GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Attack("a request inside the target", "GET /\u{20}HTTP/1.1\u{20}x HTTP/1.1\r\nHost: a\r\n\r\n"),
        Attack("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        Attack("a Host with userinfo", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
        Attack("an absolute target with a bad Host", "GET http://a/ HTTP/1.1\r\nHost: b/c\r\n\r\n"),
        Attack("an absolute target without Host", "GET http://a/ HTTP/1.1\r\n\r\n"),
        Attack("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Attack("a tunnel", "CONNECT internal:22 HTTP/1.1\r\nHost: internal:22\r\n\r\n"),
    ]

    @Test(arguments: attacks)
    func anAttackIsRefusedWholeAndInPieces(attack: Attack) {
        let whole = HTTP1Samples.parse(attack.bytes, cutAt: []).outcome
        let pieces = HTTP1Samples.parse(attack.bytes, cutAt: 0..<attack.bytes.count).outcome

        guard case .refused = whole else {
            Issue.record("\(attack.name) gave \(whole)")
            return
        }
        #expect(pieces == whole)
    }

    @Test func theAuthorityOfTheTargetIsTheOnlyOneLeftWhenHostSaysOtherwise() {
        let request = "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"

        let (_, head) = HTTP1Samples.parse(request)

        #expect(HTTP1Samples.text(head.authority, in: request) == "a")
    }

    @Test func anUpgradeIsAnOrdinaryRequestWithAFieldThatIsNotForwarded() {
        let request =
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            + "HTTP2-Settings: AA\r\n\r\n"

        let (outcome, head) = HTTP1Samples.parse(request + "GET /x HTTP/1.1\r\n")

        #expect(outcome == .complete(headBytes: request.utf8.count))
        #expect(head.framing == .none)
        #expect(head.hasConnectionField)
        #expect(head.fields.map(\.known.isHopByHop) == [false, true, true, true])
    }
}
