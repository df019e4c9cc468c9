import Cache
import Testing

@testable import GatewayCore

struct PurgeOrderTests {
    private func order(_ text: String) -> PurgeOrder? { PurgeOrder(Array(text.utf8)) }

    @Test func aTenantIsEnough() {
        let order = order(#"{"tenant": "acme"}"#)

        #expect(order?.tenant == "acme")
        #expect(order?.route == nil)
    }

    @Test func aRouteNarrowsIt() {
        #expect(order(#"{ "route": "sessions.list", "tenant": "acme" }"#)?.route == "sessions.list")
    }

    @Test(arguments: [("true", PurgeManner.soft), ("false", .hard)])
    func aWordMakesItSoft(word: String, manner: PurgeManner) {
        #expect(order(#"{"tenant": "acme", "soft": \#(word)}"#)?.manner == manner)
        #expect(order(#"{"tenant": "acme"}"#)?.manner == .hard)
    }

    @Test(arguments: [
        "", "{}", "[]", "null", "\"acme\"", #"{"route": "x"}"#, #"{"tenant": 1}"#, #"{"tenant": null}"#,
        #"{"tenant": "acme", "route": null}"#, #"{"tenant": "acme", "route": 7}"#,
        #"{"tenant": "acme", "soft": null}"#, #"{"tenant": "acme", "soft": "yes"}"#,
        #"{"tenant": "acme", "routes": "x"}"#, #"{"tenant": "acme"} x"#, #"{"tenant": "acme""#,
        #"{"tenant": "acme", "tenant": "globex"}"#,
    ])
    func anythingElseIsNoOrder(text: String) {
        #expect(order(text) == nil)
    }
}
