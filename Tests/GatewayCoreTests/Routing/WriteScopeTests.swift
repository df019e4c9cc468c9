import Cache
import HTTPModel
import Testing

@testable import GatewayCore

struct WriteScopeTests {
    private static func table() throws -> RouteTable {
        let routes = try GatewayConfigurationTests.read(
            routes: """
                { "name": "list", "method": "GET", "path": "/v1/sessions", "query": "kayle.sessions.list",
                  "cache": { "ttl": "5s" } },
                { "name": "other", "method": "GET", "path": "/v1/other", "cache": { "ttl": "5s" } },
                { "name": "rest", "path": "/*" }
                """)
        return RouteTable(
            routes.enumerated().map { index, route in
                Route(
                    index: index, configuration: route, identity: UInt64(index), access: .token(needs: nil),
                    query: route.query, label: .other)
            })
    }

    private static let id = "vs_" + String(repeating: "a", count: 64)

    @Test(arguments: [
        (Method.post, "/v1/sessions", "making"), (.put, "/v1/sessions", "everything"),
        (.delete, "/v1/sessions", "everything"), (.post, "/v1/sessions/{id}/cancel", "row"),
        (.post, "/v1/sessions/{id}/other", "row"), (.delete, "/v1/sessions/{id}", "row"),
        (.patch, "/v1/sessions/{id}", "row"), (.post, "/v1/sessions/vs_short/cancel", "everything"),
        (.post, "/v1/sessions/", "everything"), (.post, "/v1/sessionsx", "nothing"),
        (.post, "/v1/other", "everything"), (.post, "/v1/other/1", "everything"),
        (.post, "/v1/webhooks/endpoints", "nothing"),
    ])
    func aWriteIsJudgedByWhatItIsAbout(method: Method, path: String, word: String) throws {
        let path = Array(path.replacing("{id}", with: Self.id).utf8)

        let scope = try Self.table().scope(ofWrite: method, path.span)

        let found =
            switch scope {
            case .nothing: "nothing"
            case .row: "row"
            case .making: "making"
            case .everything: "everything"
            }
        #expect(found == word)
    }
}
