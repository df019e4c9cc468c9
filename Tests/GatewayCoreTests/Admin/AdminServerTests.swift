import Cache
import Foundation
import HTTPModel
import Settings
import Testing

@testable import GatewayCore

/// What the admin address answers, and to whom.
struct AdminServerTests {
    private struct Reply {
        let head: [String]
        let body: String
        let persistence: Persistence
        var status: Int { Int(head[0].split(separator: " ")[1]) ?? 0 }
    }

    private static let token = "0123456789abcdef0123456789abcdef"

    private func ask(
        _ request: String, fields: String = "", content: String = "", token: String? = nil,
        isReady: Bool = true, isLast: Bool = false
    ) -> Reply {
        let server = AdminServer(
            token: token.map { Secret($0) },
            reach: AdminServer.Reach(
                isReady: { isReady }, metrics: { "a_total 1\n" },
                status: { .object(["version": .string("1")]) },
                purge: { order in
                    guard order.tenant == "acme", order.route == nil || order.route == "list" else {
                        return nil
                    }
                    return (order.route == nil ? 7 : 3) + (order.manner == .soft ? 10 : 0)
                }))
        let text = "\(request) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
        var output = ByteBuffer()
        let read = server.read(HTTP1Samples.parse(text).head, Array(text.utf8).span, isLast: isLast)
        let persistence = server.answer(
            read, content: read.takesContent ? Array(content.utf8) : [], into: &output)
        let parts = output.withBytes { $0.text }.split(
            separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        return Reply(
            head: parts[0].split(separator: "\r\n").map(String.init), body: String(parts[1]),
            persistence: persistence)
    }

    @Test func everyAnswerIsFramedAndNeverStored() {
        for request in ["GET /healthz", "GET /metrics", "GET /status", "GET /none", "POST /healthz"] {
            let reply = ask(request)
            #expect(reply.head.contains("Content-Length: \(reply.body.utf8.count)"), "\(request)")
            #expect(reply.head.contains("Cache-Control: no-store"), "\(request)")
        }
    }

    @Test func healthAndReadinessAreTold() {
        #expect(ask("GET /healthz", isReady: false).status == 200)
        #expect(ask("GET /readyz").status == 200)
        #expect(ask("GET /readyz", isReady: false).status == 503)
    }

    @Test func metricsAndStatusAreShown() throws {
        #expect(ask("GET /metrics").body == "a_total 1\n")
        #expect(ask("GET /metrics").head.contains("Content-Type: \(PrometheusText.contentType)"))
        let status = try JSONSerialization.jsonObject(with: Data(ask("GET /status").body.utf8))
        #expect((status as? [String: String]) == ["version": "1"])
    }

    @Test func headIsGetWithoutTheContent() {
        let (get, head) = (ask("GET /metrics"), ask("HEAD /metrics"))

        #expect(head.head == get.head)
        #expect(head.body == "")
    }

    @Test func entriesArePurgedByTenantAndRoute() {
        #expect(ask("POST /purge", content: #"{"tenant": "acme"}"#).body == "{\"purged\":7}\n")
        #expect(
            ask("POST /purge", content: #"{"tenant": "acme", "route": "list"}"#).body == "{\"purged\":3}\n")
        #expect(
            ask("POST /purge", content: #"{"tenant": "acme", "soft": true}"#).body == "{\"purged\":17}\n")
        #expect(ask("POST /purge", content: #"{"tenant": "globex"}"#).status == 404)
        #expect(ask("POST /purge", content: #"{"tenant": "acme", "route": "none"}"#).status == 404)
        #expect(ask("POST /purge", content: "acme").status == 400)
    }

    @Test func aPurgeOrderBeyondTheLimitIsRefused() {
        let order = #"{"tenant": "acme"}"#
        let largest =
            order + String(repeating: " ", count: AdminServer.maximumContentBytes - order.utf8.count)

        #expect(ask("POST /purge", content: largest).status == 200)
        #expect(ask("POST /purge", content: largest + " ").status == 400)
    }

    @Test(arguments: [
        ("POST /metrics", "GET"), ("DELETE /healthz", "GET"), ("GET /purge", "POST"), ("HEAD /purge", "POST"),
    ])
    func anotherMethodIsToldWhichIsTaken(request: String, allow: String) {
        let reply = ask(request)

        #expect(reply.status == 405)
        #expect(reply.head.contains("Allow: \(allow)"))
    }

    @Test func whatIsNotThereIsNotFound() {
        #expect(ask("GET /metricsx").status == 404)
        #expect(ask("GET /metrics?x=y").status == 200)
    }

    @Test(arguments: ["GET /metrics", "GET /status", "POST /purge"])
    func theTokenOpensWhatIsNotOpen(request: String) {
        let content = #"{"tenant": "acme"}"#
        let right = "Authorization: Bearer \(Self.token)\r\n"

        #expect(ask(request, fields: right, content: content, token: Self.token).status == 200)
        #expect(
            ask(
                request, fields: right.replacing("Bearer", with: "bEARER"), content: content,
                token: Self.token
            )
            .status == 200)
        for wrong in [
            "", "Authorization: Bearer \(Self.token)x\r\n",
            "Authorization: Bearer \(Self.token.dropLast())\r\n",
            "Authorization: Bearer \(Self.token.uppercased())\r\n", "Authorization: Basic \(Self.token)\r\n",
            "Authorization: \(Self.token)\r\n", right + right, "Authorization:\r\n",
        ] {
            let reply = ask(request, fields: wrong, content: content, token: Self.token)
            #expect(reply.status == 401, "\(wrong)")
            #expect(reply.head.contains("WWW-Authenticate: Bearer"), "\(wrong)")
        }
    }

    @Test func aWrongTokenIsToldNothingAndItsContentIsNotWaitedFor() {
        #expect(ask("GET /healthz", token: Self.token).status == 200)
        #expect(ask("GET /readyz", token: Self.token).status == 200)
        #expect(ask("DELETE /metrics", token: Self.token).status == 401)
        #expect(ask("POST /purge", content: #"{"tenant": "acme"}"#, token: Self.token).status == 401)
    }

    @Test func aByteOfTheTokenThatIsWrongIsEnough() {
        for index in 0..<Self.token.count {
            var wrong = Array(Self.token.utf8)
            wrong[index] ^= 1
            let field = "Authorization: Bearer \(String(decoding: wrong, as: UTF8.self))\r\n"
            #expect(ask("GET /metrics", fields: field, token: Self.token).status == 401, "byte \(index)")
        }
    }

    @Test func theConnectionEndsWhenItsClientOrTheGatewayWantsIt() {
        #expect(ask("GET /healthz").persistence == .keep)
        for reply in [
            ask("GET /healthz", isLast: true), ask("GET /healthz", fields: "Connection: close\r\n"),
        ] {
            #expect(reply.persistence == .close)
            #expect(reply.head.contains("Connection: close"))
        }
    }
}
