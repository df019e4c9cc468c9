import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// Pages read off other pages, as clients and the upstream see it.
@Suite(.timeLimit(.minutes(2)))
struct PageSliceEndToEndTests {
    private let standIn: RunningStandIn
    private let gateway: GatewayUnderTest
    private static let byID = """
        , { "name": "sessions.read", "method": "GET", "path": "/v1/sessions/{id}", "scope": "sessions:read",
            "cache": { "ttl": "20s", "row_of": "sessions.list" } }
        """

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [
                .init(name: "acme", keys: ["kk_acme"], sessionCount: 60),
                .init(name: "globex", keys: ["kk_globex"], sessionCount: 60),
            ]))
        var options = GatewayUnderTest.Options()
        options.extraRoutes = Self.byID
        gateway = try GatewayUnderTest(upstream: standIn.url, options)
    }

    private func ids(_ text: String) -> [String] {
        text.matches(of: #/\{"id":"(vs_[a-z0-9]{64})"/#).map { String($0.1) }
    }

    private func expectSlice(_ target: String, tenant: String = "acme") throws {
        let count = standIn.control.requestCount
        let answer = try gateway.ask("GET", target, tenant: tenant)
        let status = answer.value("Cache-Status") ?? ""
        #expect(status.wholeMatch(of: #/kayle-gateway; hit; ttl=\d+; detail=page-slice/#) != nil, "\(status)")
        #expect(standIn.control.requestCount == count, "\(target)")
        #expect(answer.body == standIn.truth(target, key: "kk_\(tenant)").body, "\(target)")
        #expect(answer.value("Content-Length") == "\(answer.body.count)")
        #expect(answer.value("Content-Type") == "application/json")
        #expect(answer.value("Age") != nil)
        #expect(answer.value("Cache-Control")?.hasPrefix("private, max-age=") == true)
    }

    @Test func oneLargePageAnswersWhatItDecides() throws {
        let page = try gateway.ask("GET", "/v1/sessions?limit=100&include_attempts=true")
        let ids = ids(page.text)
        try #require(ids.count == 60)

        for target in [
            "/v1/sessions", "/v1/sessions?limit=50", "/v1/sessions?limit=60", "/v1/sessions?limit=7",
            "/v1/sessions?include_attempts=true", "/v1/sessions?status=completed",
            "/v1/sessions?status=cancelled&limit=3&include_attempts=true",
            "/v1/sessions?starting_after=\(ids[20])", "/v1/sessions?starting_after=\(ids[59])&limit=4",
            "/v1/sessions?created_from=2026-11-01T00:00:00Z",
            "/v1/sessions?created_to=2026-11-10T00:00:00Z&starting_after=\(ids[3])",
        ] {
            try expectSlice(target)
        }
        #expect(standIn.control.requestCount == 1)
    }

    @Test func aSessionByItsIDIsReadOffAPageThatShowsIt() throws {
        let ids = ids(try gateway.ask("GET", "/v1/sessions?limit=5&include_attempts=true").text)

        try expectSlice("/v1/sessions/\(ids[3])")

        // Nothing is known about what no page shows, and rows are asked for by their id alone.
        let unknown = try gateway.ask("GET", "/v1/sessions/vs_\(String(repeating: "a", count: 64))")
        #expect(unknown.status == 404)
        let withAttempts = try gateway.ask("GET", "/v1/sessions/\(ids[2])?include_attempts=true")
        #expect(withAttempts.value("Cache-Status")?.contains("uri-miss") == true)
    }

    @Test func whatIsNotDecidedIsAsked() throws {
        let ids = ids(try gateway.ask("GET", "/v1/sessions?limit=20").text)

        for target in [
            "/v1/sessions?limit=21", "/v1/sessions?limit=2&include_attempts=true",
            "/v1/sessions?starting_after=\(ids[19])", "/v1/sessions?limit=5&starting_after=\(ids[16])",
        ] {
            let answer = try gateway.ask("GET", target)
            #expect(answer.value("Cache-Status")?.contains("fwd=uri-miss") == true, "\(target)")
            #expect(answer.body == standIn.truth(target, key: "kk_acme").body, "\(target)")
        }
    }

    @Test func noTenantIsAnsweredFromAnothersPages() throws {
        _ = try gateway.ask("GET", "/v1/sessions?limit=100")

        let other = try gateway.ask("GET", "/v1/sessions?limit=5", tenant: "globex")

        #expect(other.value("Cache-Status")?.contains("fwd=uri-miss") == true)
        #expect(other.body == standIn.truth("/v1/sessions?limit=5", key: "kk_globex").body)
    }

    @Test func aHeadIsAnsweredWithTheFieldsOfTheSlice() throws {
        _ = try gateway.ask("GET", "/v1/sessions?limit=50")
        let get = try gateway.ask("GET", "/v1/sessions?limit=5")
        let head = try gateway.ask("HEAD", "/v1/sessions?limit=5")

        #expect(head.value("Cache-Status")?.hasSuffix("detail=page-slice") == true)
        for name in ["Content-Length", "ETag", "Content-Type"] {
            #expect(head.values(name) == get.values(name), "\(name)")
        }
    }

    @Test func aSliceHasTheTagOfTheSamePageFetched() throws {
        let fetched = try gateway.ask("GET", "/v1/sessions?limit=5")
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme"}"#)
        _ = try gateway.ask("GET", "/v1/sessions?limit=50")

        let sliced = try gateway.ask("GET", "/v1/sessions?limit=5")

        #expect(sliced.value("Cache-Status")?.hasSuffix("detail=page-slice") == true)
        #expect(sliced.value("ETag") == fetched.value("ETag"))
        #expect(sliced.body == fetched.body)
    }

    @Test func aWriteEndsWhatCouldBeReadOff() throws {
        let page = try gateway.ask("GET", "/v1/sessions?limit=50")
        try expectSlice("/v1/sessions?limit=5")

        _ = try gateway.ask("POST", "/v1/sessions/\(ids(page.text)[30])/cancel")

        let answer = try gateway.ask("GET", "/v1/sessions?limit=5")
        #expect(answer.value("Cache-Status")?.contains("fwd=") == true)
    }

    @Test func aBrokenPageIsKeptAsItselfOnly() throws {
        let body = Array(#"{"data":[{"id":1}],"error":null}"#.utf8)
        standIn.control.inject(
            Fault(
                .answer(status: 200, fields: [("Content-Type", "application/json")], body: body), times: 1))
        _ = try gateway.ask("GET", "/v1/sessions?limit=50")

        let again = try gateway.ask("GET", "/v1/sessions?limit=50")
        let smaller = try gateway.ask("GET", "/v1/sessions?limit=5")

        #expect(again.value("Cache-Status")?.contains("hit") == true)
        #expect(again.body == body)
        #expect(smaller.value("Cache-Status")?.contains("fwd=uri-miss") == true)
    }

    @Test func slicesAreCountedByTheirOwnWord() throws {
        _ = try gateway.ask("GET", "/v1/sessions?limit=50")
        try expectSlice("/v1/sessions?limit=5")
        try expectSlice("/v1/sessions?limit=6")

        #expect(try gateway.metric("kayle_gateway_cache_requests_total", "result=\"page-slice\"") == 2)
    }
}
