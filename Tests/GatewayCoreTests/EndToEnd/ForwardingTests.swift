import Foundation
import Glibc
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// What the upstream is sent of a request, and the client of an answer: the record of raw requests decides.
@Suite(.timeLimit(.minutes(2)))
struct ForwardingTests {
    private let standIn: RunningStandIn
    private let gateway: GatewayUnderTest

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 20)]))
        gateway = try GatewayUnderTest(upstream: standIn.url)
    }

    private func lastRequest() throws -> RecordedRequest { try #require(standIn.control.requests.last) }

    @Test func fieldsOfAConnectionStayOnIt() throws {
        _ = try gateway.ask(
            "POST", "/v1/sessions",
            fields: "Connection: keep-alive, X-Mine,x-other\r\nKeep-Alive: 5\r\nX-Mine: 1\r\nX-OTHER: 2\r\n"
                + "Proxy-Connection: keep-alive\r\nTE: trailers\r\nProxy-Authorization: Basic x\r\n"
                + "X-Kept: yes\r\n")

        let request = try lastRequest()
        for name in [
            "Connection", "Keep-Alive", "X-Mine", "X-Other", "Proxy-Connection", "TE", "Proxy-Authorization",
            "Upgrade", "Transfer-Encoding",
        ] {
            #expect(request.values(name).isEmpty, "\(name)")
        }
        #expect(request.values("X-Kept") == ["yes"])
    }

    @Test func fieldsOfTheUpstreamsConnectionStayOnItToo() throws {
        standIn.control.inject(
            Fault(
                .fields([
                    ("Connection", "X-Mine"), ("X-Mine", "1"), ("Keep-Alive", "timeout=5"), ("X-Kept", "a"),
                    ("Proxy-Authenticate", "Basic"), ("Upgrade", "h2c"), ("X-Kept", "b"),
                ])))

        for target in ["/v1/sessions", "/v1/events"] {
            let answer = try gateway.ask("GET", target)
            for name in ["X-Mine", "Keep-Alive", "Proxy-Authenticate", "Upgrade"] {
                #expect(answer.values(name).isEmpty, "\(name) of \(target)")
            }
            #expect(answer.values("X-Kept") == ["a", "b"])
        }
    }

    @Test func duplicatesAndTheirOrderAreKept() throws {
        _ = try gateway.ask("POST", "/v1/sessions", fields: "X-A: 1\r\nx-b: 2\r\nX-A: 3\r\nCookie: a=1\r\n")

        let sent = try lastRequest().fields.filter {
            ["x-a", "x-b", "cookie"].contains($0.name.lowercased())
        }
        #expect(sent.map(\.name) == ["X-A", "x-b", "X-A", "Cookie"])
        #expect(sent.map(\.value) == ["1", "2", "3", "a=1"])
    }

    @Test(arguments: ["GET /v1/sessions", "GET /v1/events", "POST /v1/sessions"])
    func whatTheClientSaysAboutItselfIsReplaced(request: String) throws {
        let words = request.split(separator: " ").map(String.init)
        let answer = try gateway.ask(
            words[0], words[1],
            fields: "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"
                + "Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Request-Id: my-request-17\r\n")

        let sent = try lastRequest()
        #expect(sent.values("X-Forwarded-For") == ["127.0.0.1"])
        #expect(sent.values("X-Forwarded-Proto") == ["http"])
        #expect(sent.values("X-Forwarded-Host").isEmpty)
        #expect(sent.values("X-Real-IP").isEmpty)
        #expect(sent.values("Forwarded") == ["for=127.0.0.1;proto=http;host=\"gateway\""])
        #expect(sent.values("X-Request-Id") == ["my-request-17"])
        #expect(sent.values("Via") == ["1.1 kayle-gateway"])
        #expect(sent.values("Host").count == 1)
        #expect(sent.values("Authorization") == ["Bearer kk_acme"])
        #expect(answer.values("X-Request-Id") == ["my-request-17"])
    }

    @Test func anUnusableRequestIdentifierIsReplacedByOneOfOurs() throws {
        let answer = try gateway.ask("GET", "/v1/events", fields: "X-Request-Id: a b\r\n")

        let mine = try #require(answer.value("X-Request-Id"))
        #expect(mine.contains("-") && mine.utf8.count >= 18)
        #expect(try lastRequest().values("X-Request-Id") == [mine])
    }

    @Test func aClientThatExpectsAWordIsTold100BeforeItSendsItsContent() throws {
        let client = try RawConnection(port: gateway.port)
        let body = #"{"redirect_url":"https://a.example/"}"#

        client.send(
            gateway.request(
                "POST", "/v1/sessions",
                fields: "Expect: 100-continue\r\nContent-Type: application/json\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n"))
        let interim = client.answer()
        client.send(body)
        let answer = client.answer()

        #expect(interim.status == 100)
        #expect(answer.status == 200)
        #expect(try lastRequest().body == Array(body.utf8))
    }

    @Test func aRefusedClientIsNotToldToSend() throws {
        let client = try RawConnection(port: gateway.port)

        client.send(
            "POST /v1/sessions HTTP/1.1\r\nHost: g\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        let answer = client.answer()

        #expect(answer.status == 401)
        #expect(answer.value("Connection") == "close")
        #expect(client.rest().isEmpty)
        #expect(standIn.control.requestCount == 0)
    }

    @Test(arguments: [1, 7, 5_000])
    func contentInChunksArrivesWhole(pieceBytes: Int) throws {
        let client = try RawConnection(port: gateway.port)
        let body = Array(#"{"redirect_url":"https://a.example/\#(String(repeating: "x", count: 900))"}"#.utf8)

        client.send(
            gateway.request(
                "POST", "/v1/sessions",
                fields: "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n"))
        for start in stride(from: 0, to: body.count, by: pieceBytes) {
            let piece = body[start..<min(body.count, start + pieceBytes)]
            client.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
        }
        client.send("0\r\n\r\n")

        #expect(client.answer().status == 200)
        #expect(try lastRequest().body == body)
    }

    @Test func aGatewayTokenNeverReachesTheUpstream() throws {
        let token = gateway.token("acme")
        _ = try gateway.ask("GET", "/v1/events")
        _ = try gateway.ask("POST", "/v1/sessions")
        let client = try RawConnection(port: gateway.port)
        client.send(
            "GET /v1/verify/session/x/status HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n")
        _ = client.answer()

        #expect(standIn.control.requestCount == 3)
        #expect(standIn.control.alarms.isEmpty)
        #expect(try lastRequest().values("Authorization").isEmpty)
    }
}
