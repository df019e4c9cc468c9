import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// What may not be taken for a request is answered, cut off, and never seen by the upstream.
@Suite(.timeLimit(.minutes(2)))
struct HTTP1StrictnessTests {
    struct Attack: CustomTestStringConvertible, Sendable {
        let name: String
        let status: Int
        let request: String
        var testDescription: String { name }

        init(_ status: Int, _ name: String, _ request: String) {
            self.name = name
            self.status = status
            self.request = request
        }

        /// A POST by the fields that make it doubtful, with a body that hides a second request.
        init(_ status: Int, _ name: String, fields: String, version: String = "1.1") {
            self.init(
                status, name,
                "POST /v1/sessions HTTP/\(version)\r\nHost: a\r\nTOKEN\(fields)\r\n\r\n0\r\n\r\nGET /v1/sessions HTTP/1.1\r\nHost: a\r\nTOKEN\r\n"
            )
        }

        /// A GET by its Host fields.
        init(host: String) {
            self.init(
                400, "Host \(host.debugDescription)",
                "GET /v1/sessions HTTP/1.1\r\nTOKEN\(host)\r\n")
        }

        /// A chunked POST by its content.
        init(_ status: Int, chunks: String) {
            self.init(
                status, "chunks \(chunks.prefix(40).debugDescription)",
                "POST /v1/sessions HTTP/1.1\r\nHost: a\r\nTOKENTransfer-Encoding: chunked\r\n\r\n\(chunks)")
        }
    }

    private static let framings: [Attack] = [
        Attack(400, "CL.TE", fields: "Content-Length: 13\r\nTransfer-Encoding: chunked"),
        Attack(400, "TE.CL", fields: "Transfer-Encoding: chunked\r\nContent-Length: 4"),
        Attack(400, "two lengths", fields: "Content-Length: 0\r\nContent-Length: 44"),
        Attack(400, "two equal lengths", fields: "Content-Length: 5\r\nContent-Length: 5"),
        Attack(400, "a list of lengths", fields: "Content-Length: 5, 44"),
        Attack(400, "a signed length", fields: "Content-Length: +5"),
        Attack(400, "a negative length", fields: "Content-Length: -1"),
        Attack(400, "a hexadecimal length", fields: "Content-Length: 0x5"),
        Attack(400, "a length over 64 bits", fields: "Content-Length: 18446744073709551621"),
        Attack(413, "a length over the limit", fields: "Content-Length: 99999999999"),
        Attack(400, "TE twice", fields: "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow"),
        Attack(501, "an unknown coding", fields: "Transfer-Encoding: xchunked"),
        Attack(501, "gzip before chunked", fields: "Transfer-Encoding: gzip, chunked"),
        Attack(400, "chunked twice", fields: "Transfer-Encoding: chunked, chunked"),
        Attack(400, "chunked in HTTP/1.0", fields: "Transfer-Encoding: chunked", version: "1.0"),
        Attack(400, "a space before the colon", fields: "Transfer-Encoding : chunked"),
        Attack(400, "a tab before the colon", fields: "Content-Length\t: 5"),
        Attack(400, "a vertical tab before the value", fields: "Transfer-Encoding: \u{B}chunked"),
        Attack(400, "a folded value", fields: "Transfer-Encoding:\r\n chunked"),
        Attack(400, "a folded field", fields: "X: y\r\n Transfer-Encoding: chunked"),
        Attack(400, "a bare LF before a field", fields: "X: y\nTransfer-Encoding: chunked"),
        Attack(400, "a bare CR before a field", fields: "X: y\rTransfer-Encoding: chunked"),
        Attack(400, "a NUL in a value", fields: "X: a\0b"),
        Attack(400, "a NUL in a name", fields: "X\0: b"),
        Attack(400, "a field without a name", fields: ": b"),
        Attack(400, "a line without a colon", fields: "Transfer-Encoding\r\nX: chunked"),
        Attack(400, "bytes after a close", fields: "Connection: close"),
        Attack(431, "a field of 40 KB", fields: "X: \(String(repeating: "x", count: 40_000))"),
        Attack(
            431, "seventy fields",
            fields: (0..<70).map { "X-\($0): y" }.joined(separator: "\r\n")),
        Attack(505, "HTTP/2.0", fields: "X: y", version: "2.0"),
        Attack(505, "HTTP/0.9", fields: "X: y", version: "0.9"),
        Attack(400, "HTTP/1.10", fields: "X: y", version: "1.10"),
    ]

    private static let lines: [Attack] = [
        Attack(400, "no version", "GET /v1/sessions\r\n\r\n"),
        Attack(400, "two spaces", "GET  /v1/sessions HTTP/1.1\r\nHost: a\r\nTOKEN\r\n"),
        Attack(400, "bare LFs throughout", "GET /v1/sessions HTTP/1.1\nHost: a\n\n"),
        Attack(400, "a space first", " GET /v1/sessions HTTP/1.1\r\nHost: a\r\nTOKEN\r\n"),
        Attack(400, "a NUL in the target", "GET /v1/\0sessions HTTP/1.1\r\nHost: a\r\nTOKEN\r\n"),
        Attack(400, "another scheme", "GET ftp://a/v1/sessions HTTP/1.1\r\nHost: a\r\nTOKEN\r\n"),
        Attack(400, "absolute form without Host", "GET http://a/v1/sessions HTTP/1.1\r\nTOKEN\r\n"),
        Attack(400, "userinfo in the target", "GET http://u@a/v1/sessions HTTP/1.1\r\nHost: a\r\nTOKEN\r\n"),
        Attack(414, "a target of 9 KB", "GET /v1/\(String(repeating: "x", count: 9_000)) HTTP/1.1\r\n"),
        Attack(501, "a tunnel", "CONNECT internal:22 HTTP/1.1\r\nHost: internal:22\r\nTOKEN\r\n"),
        Attack(501, "a long method", "\(String(repeating: "G", count: 40)) /v1/sessions HTTP/1.1\r\n"),
        Attack(505, "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Attack(400, "a TLS ClientHello", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\r\n\r\n"),
    ]

    private static let hosts = [
        Attack(host: ""), Attack(host: "Host: a\r\nHost: a\r\n"), Attack(host: "Host:\r\n"),
        Attack(host: "Host: u@a\r\n"), Attack(host: "Host: a:99999\r\n"), Attack(host: "Host: a:x\r\n"),
        Attack(host: "Host: a/b\r\n"), Attack(host: "Host: a, b\r\n"), Attack(host: "Host: [::1\r\n"),
    ]

    private static let chunks = [
        Attack(400, chunks: "g\r\nx\r\n0\r\n\r\n"), Attack(400, chunks: "0x3\r\nabc\r\n0\r\n\r\n"),
        Attack(400, chunks: "-1\r\nx\r\n0\r\n\r\n"), Attack(400, chunks: "\r\n\r\n"),
        Attack(400, chunks: "11111111111111111\r\nx\r\n0\r\n\r\n"), Attack(400, chunks: "3 \r\nabc\r\n0\r\n\r\n"),
        Attack(400, chunks: "3\nabc\r\n0\r\n\r\n"), Attack(400, chunks: "3\r\nabcd\r\n0\r\n\r\n"),
        Attack(400, chunks: "3\r\nabc\n0\r\n\r\n"), Attack(400, chunks: "3;a=\0\r\nabc\r\n0\r\n\r\n"),
        Attack(413, chunks: "ffffffff\r\nx"),
    ]

    /// One gateway for the whole table: not one of the attacks may reach its upstream, in whatever order.
    private final class Stage: Sendable {
        static let shared = Result { try Stage() }
        let standIn: RunningStandIn
        let gateway: GatewayUnderTest

        init() throws {
            standIn = try KayleStandIn.launch(
                StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"])]))
            gateway = try GatewayUnderTest(upstream: standIn.url)
        }
    }

    @Test(arguments: framings + lines + hosts + chunks)
    func anAttackIsRefusedCutOffAndNeverSeenByTheUpstream(attack: Attack) throws {
        let stage = try Stage.shared.get()
        let client = try RawConnection(port: stage.gateway.port)
        let token = "Authorization: Bearer \(stage.gateway.token("acme"))\r\n"

        client.send(attack.request.replacing("TOKEN", with: token))
        let answer = client.answer()

        #expect(answer.status == attack.status)
        #expect(answer.value("Connection") == "close")
        #expect(answer.value("Content-Type") == "application/json")
        #expect(answer.value("X-Request-Id") != nil)
        #expect(ErrorDocument(answer.body) != nil, "\(answer.text)")
        #expect(client.rest().isEmpty)
        #expect(client.end == .closed)
        #expect(stage.standIn.control.requestCount == 0)
        #expect(stage.standIn.control.malformedCount == 0)
    }

    @Test func aPathAboveTheRootIsRefusedAndTheConnectionGoesOn() throws {
        let stage = try Stage.shared.get()
        let client = try RawConnection(port: stage.gateway.port)

        for path in ["/../v1/sessions", "/v1/%2e%2e/%2e%2e/sessions", "/v1/..%2f../x%00", "/v1/%zz"] {
            client.send(stage.gateway.request("GET", path))
            let answer = client.answer()

            #expect(answer.status == 400, "\(path)")
            #expect(ErrorDocument(answer.body)?.code == "BAD_REQUEST", "\(path)")
        }
        #expect(stage.standIn.control.requestCount == 0)
    }
}
