import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// That a session is not there is known for a moment, and no longer than it is true.
@Suite(.timeLimit(.minutes(2)))
struct NegativeAnswerTests {
    private let standIn: RunningStandIn
    private static let id = "vs_" + String(repeating: "a", count: 64)
    private static let target = "/v1/sessions/\(id)"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 30)]))
    }

    private func gateway(_ cache: String = #", "not_found_ttl": "60s""#) throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.tenants = ["acme": "kk_acme"]
        options.extraRoutes = """
            , { "name": "sessions.read", "method": "GET", "path": "/v1/sessions/{id}", "scope": "sessions:read",
                "cache": { "ttl": "60s", "jitter_percent": 0, "row_of": "sessions.list"\(cache) } }
            """
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    @Test func aMissingSessionIsAskedForOnce() throws {
        let gateway = try gateway()

        let first = try gateway.ask("GET", Self.target)
        let second = try gateway.ask("GET", Self.target)
        let head = try gateway.ask("HEAD", Self.target)

        #expect(first.status == 404 && second.status == 404 && head.status == 404)
        #expect(second.body == standIn.truth(Self.target, key: "kk_acme").body)
        #expect(first.value("Cache-Status") == "kayle-gateway; fwd=uri-miss; fwd-status=404; stored")
        #expect(second.value("Cache-Status")?.hasPrefix("kayle-gateway; hit; ttl=") == true)
        #expect(second.value("Age") != nil)
        #expect(standIn.control.requestCount == 1)
    }

    @Test func whatIsNotThereMatchesNoCondition() throws {
        let gateway = try gateway()

        let answers = try ["*", "\"x\"", "W/\"x\", *"].map {
            try gateway.ask("GET", Self.target, fields: "If-None-Match: \($0)\r\n")
        }

        #expect(answers.map(\.status) == [404, 404, 404])
        #expect(answers.allSatisfy { $0.value("ETag") == nil })
        #expect(standIn.control.requestCount == 1)
    }

    @Test func itIsKeptForASecondUnlessToldOtherwise() throws {
        let gateway = try gateway("")

        _ = try gateway.ask("GET", Self.target)
        #expect(try gateway.ask("GET", Self.target).value("Cache-Control") == "private, max-age=0")

        #expect(
            try eventually {
                _ = try gateway.ask("GET", Self.target)
                return standIn.control.requestCount >= 2
            })
    }

    @Test func zeroKeepsNone() throws {
        let gateway = try gateway(#", "not_found_ttl": "0s""#)

        let statuses = try (0..<2).map { _ in
            try gateway.ask("GET", Self.target).value("Cache-Status")
        }

        #expect(
            statuses
                == Array(
                    repeating: "kayle-gateway; fwd=uri-miss; fwd-status=404; detail=status", count: 2))
        #expect(standIn.control.requestCount == 2)
    }

    @Test func theTenantsOwnCreateOfTheSessionEndsIt() throws {
        let gateway = try gateway()
        let other = "/v1/sessions/vs_" + String(repeating: "b", count: 64)
        _ = try gateway.ask("GET", Self.target)
        _ = try gateway.ask("GET", other)
        let row = #"{"id":"\#(Self.id)","status":"created","created_at":"2026-11-23T12:00:00.000Z"}"#
        standIn.control.inject(
            Fault(
                .answer(
                    status: 200, fields: [("Content-Type", "application/json")],
                    body: Array(#"{"data":\#(row),"error":null}"#.utf8)), method: "POST", times: 1))

        #expect(try gateway.ask("POST", "/v1/sessions").status == 200)

        #expect(try gateway.ask("GET", Self.target).value("Cache-Status")?.contains("fwd=") == true)
        #expect(try gateway.ask("GET", other).value("Cache-Status")?.contains("hit") == true)
    }

    @Test func aPageThatCameLaterAndShowsTheSessionIsBelieved() throws {
        let gateway = try gateway()
        let page = try gateway.ask("GET", "/v1/sessions")
        let id = try #require(page.text.firstMatch(of: #/vs_[a-z0-9]{64}/#)).output
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme"}"#)
        standIn.control.inject(Fault(.answer(status: 404, fields: [], body: []), times: 1))

        let missing = try gateway.ask("GET", "/v1/sessions/\(id)")
        let still = try gateway.ask("GET", "/v1/sessions/\(id)")
        _ = try gateway.ask("GET", "/v1/sessions")
        let shown = try gateway.ask("GET", "/v1/sessions/\(id)")

        #expect(missing.status == 404 && still.status == 404)
        #expect(still.value("Cache-Status")?.contains("hit") == true)
        #expect(shown.status == 200)
        #expect(shown.value("Cache-Status")?.contains("detail=page-slice") == true)
    }

    @Test func apurgeEndsIt() throws {
        let gateway = try gateway()
        _ = try gateway.ask("GET", Self.target)

        let softened = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme", "soft": true}"#)

        #expect(softened.text == "{\"purged\":1}\n")
        #expect(try gateway.ask("GET", Self.target).value("Cache-Status")?.contains("fwd=uri-miss") == true)
    }
}
