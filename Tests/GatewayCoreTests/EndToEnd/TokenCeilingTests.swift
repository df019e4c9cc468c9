import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// What a token may do within its scopes, over the wire, cached pages included.
@Suite(.timeLimit(.minutes(2)))
struct TokenCeilingTests {
    private let standIn: RunningStandIn
    private let gateway: GatewayUnderTest

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 120)]))
        var options = GatewayUnderTest.Options()
        options.tenants = ["acme": "kk_acme"]
        gateway = try GatewayUnderTest(upstream: standIn.url, options)
    }

    /// Issues a token and returns once the gateway knows it.
    private func issue(limit: Int?, routes: [String]) throws -> String {
        let ceilings = try #require(TokenCeilings(maximumLimit: limit, routes: routes))
        let issued = try gateway.issue(scopes: Scope.allCases, ceilings: ceilings)
        #expect(try eventually { try ask("/v1/sessions?limit=1", issued).status != 401 })
        return issued
    }

    private func ask(_ target: String, _ token: String) throws -> RawConnection.Answer {
        let client = try RawConnection(port: gateway.port)
        client.send("GET \(target) HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n")
        return client.answer()
    }

    @Test func aTokenAsksForNoMoreRowsThanItsCeiling() throws {
        let token = try issue(limit: 20, routes: [])
        // What another token has put into the cache is no way around it.
        #expect(try gateway.ask("GET", "/v1/sessions?limit=50").status == 200)

        let answers = try ["?limit=20", "?limit=21", "?limit=50", "?l%69mit=21", ""].map {
            try ask("/v1/sessions" + $0, token)
        }

        #expect(answers.map(\.status) == [200, 403, 403, 403, 200])
        #expect(ErrorDocument(answers[1].body)?.code == "FORBIDDEN")
        #expect(answers[1].text.contains(#"a \"limit\" of at most 20"#))
    }

    @Test func thePageSizeThatIsMeantWithoutBeingNamedCountsToo() throws {
        let token = try issue(limit: 5, routes: [])

        #expect(try ask("/v1/sessions", token).status == 403)
        #expect(try ask("/v1/sessions?limit=5", token).status == 200)
    }

    @Test func onARouteWithoutAModelTheLimitIsReadAsItStands() throws {
        let token = try issue(limit: 20, routes: [])

        #expect(try ask("/v1/events?limit=21", token).status == 403)
        #expect(try ask("/v1/events?limit=2e1", token).status == 403)
        #expect(try ask("/v1/events?limit=20", token).status != 403)
        #expect(try ask("/v1/events", token).status != 403)
    }

    @Test func aTokenUsesTheRoutesItIsBoundTo() throws {
        let token = try issue(limit: nil, routes: ["sessions.list"])

        let other = try ask("/v1/events", token)

        #expect(try ask("/v1/sessions", token).status == 200)
        #expect(other.status == 403)
        #expect(other.text.contains("may not use this route"))
        #expect(try gateway.metric("kayle_gateway_refusals_total", "route_not_allowed") == 1)
    }
}
