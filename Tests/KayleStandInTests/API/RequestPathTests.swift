import Testing

@testable import KayleStandIn

struct RequestPathTests {
    @Test(arguments: [
        ("/", [""]), ("/v1/sessions", ["v1", "sessions"]), ("/v1/sessions/", ["v1", "sessions", ""]),
        ("//v1/sessions", ["", "v1", "sessions"]), ("/v1/%73essions", ["v1", "sessions"]),
        ("/v1%2Fsessions", ["v1%2Fsessions"]), ("/v1/x/../sessions", ["v1", "sessions"]),
        ("/v1/./sessions", ["v1", "sessions"]), ("/v1/x/%2E%2e/sessions", ["v1", "sessions"]),
        ("/../v1/sessions", ["v1", "sessions"]), ("/v1/sessions/x/..", ["v1", "sessions", ""]),
    ])
    func pathIsResolvedAndThenDecoded(raw: String, segments: [String]) {
        #expect(RequestPath(raw).segments == segments)
    }
}
