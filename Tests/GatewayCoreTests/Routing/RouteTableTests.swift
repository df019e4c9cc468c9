import HTTPModel
import Testing

@testable import GatewayCore

struct RouteTableTests {
    private static let json = """
        { "name": "list", "method": "GET", "path": "/v1/sessions", "cache": { "ttl": "5s" } },
        { "name": "create", "method": "POST", "path": "/v1/sessions" },
        { "name": "one", "method": ["GET", "DELETE"], "path": "/v1/sessions/{id}" },
        { "name": "open", "method": "GET", "path": "/v1/verify/*", "access": "open",
          "cache": { "ttl": "5s", "by": "headers" } },
        { "name": "early", "method": "PUT", "path": "/v2/x" },
        { "name": "rest", "path": "/v2/*" }
        """
    private let table: RouteTable

    init() throws { table = RouteTable(try ProxyFixture.routes(Self.json)) }

    private func found(_ method: Method, _ path: String) -> String {
        switch table.match(method, Array(path.utf8).span) {
        case .matched(let index): table.routes[index].name
        case .methodNotAllowed(let allow): "allow \(allow)"
        case .notFound: "not found"
        }
    }

    @Test(
        arguments: [
            (.get, "/v1/sessions", "list"), (.head, "/v1/sessions", "list"),
            (.post, "/v1/sessions", "create"),
            (.delete, "/v1/sessions/a", "one"), (.head, "/v1/sessions/a", "one"),
            (.get, "/v1/verify/", "open"), (.get, "/v1/verify/a/b", "open"),
            (.other, "/v2/", "rest"), (.put, "/v2/x", "early"), (.get, "/v2/x", "rest"),
            (.get, "/v1/sessions/", "not found"), (.get, "/v1/sessions/a/b", "not found"),
            (.get, "/v1/verify", "not found"), (.get, "/V1/sessions", "not found"), (.get, "*", "not found"),
            (.get, "", "not found"),
            (.put, "/v1/sessions", "allow GET, HEAD, POST"),
            (.other, "/v1/sessions/a", "allow GET, HEAD, DELETE"), (.post, "/v1/verify/x", "allow GET, HEAD"),
        ] as [(Method, String, String)])
    func theFirstRouteThatTakesTheRequestWins(method: Method, path: String, result: String) {
        #expect(found(method, path) == result)
    }

    @Test(arguments: ["/v1/sessions", "/v1/sessions/a", "/v1/sessions/a/b", "/v1/sessions/"])
    func aWriteAtOrBelowACachedListInvalidates(path: String) {
        let invalidates = table.invalidates(Array(path.utf8).span)
        #expect(invalidates)
    }

    @Test(arguments: ["/", "", "/v1", "/v1/session", "/v1/sessionsx/a", "/v2/v1/sessions", "/v1/verify/a"])
    func aWriteElsewhereOrToASharedCacheInvalidatesNothing(path: String) {
        let invalidates = table.invalidates(Array(path.utf8).span)
        #expect(!invalidates)
    }

    @Test func anEmptyTableHasNoRoute() {
        switch RouteTable([]).match(.get, Array("/".utf8).span) {
        case .notFound: break
        case .matched, .methodNotAllowed: Issue.record("a route of an empty table")
        }
    }
}
