import Testing

@testable import KayleStandIn

struct KayleAPITests {
    private let fixture = APIFixture()

    @Test(arguments: [
        nil, "", "Bearer kk_unknown", "bearer kk_a", "BEARER kk_a", "Bearer  kk_a", "Bearer\tkk_a", "Bearer",
        "kk_a",
        "Basic kk_a",
    ])
    func anythingButAKnownKeyIsUnauthorizedInTheShortForm(authorization: String?) {
        let answer = fixture.ask("GET", "/v1/sessions?limit=bad", authorization: authorization)

        #expect(answer.code == 401)
        #expect(answer.text == #"{"error":{"code":"UNAUTHORIZED","message":"Unauthorized"}}"#)
    }

    @Test func wordsAfterTheKeyAreIgnored() {
        #expect(fixture.ask("GET", "/v1/sessions", authorization: "Bearer kk_a and more").code == 200)
    }

    @Test func keysOfOneOrganizationSeeTheSameRows() {
        #expect(fixture.list("").body != fixture.list("", authorization: "Bearer kk_b").body)
        #expect(
            fixture.list("", authorization: "Bearer kk_b").body
                == fixture.list("", authorization: "Bearer kk_b2").body
        )
    }

    @Test(arguments: [
        ("PUT", "/v1/sessions"), ("GET", "/v1/sessions/"), ("GET", "//v1/sessions"), ("GET", "/V1/sessions"),
        ("GET", "/v1/Sessions"), ("GET", "/v1"), ("GET", "/v2/sessions"), ("POST", "/"),
        ("GET", "/v1/verify/other"),
    ])
    func whatHasNoRouteIsALineOfText(method: String, target: String) {
        let answer = fixture.ask(method, target)

        #expect(answer.code == 404)
        #expect(answer.text == "404 Not Found")
        #expect(answer.field("Content-Type") == "text/plain; charset=UTF-8")
    }

    @Test(arguments: ["/v1/nothing", "/v1/verify/other", "/v1"])
    func unknownPathIsUnauthorizedWithoutAKey(target: String) {
        #expect(fixture.ask("GET", target, authorization: nil).code == 401)
    }

    @Test func healthIsOpen() {
        let answer = fixture.ask("GET", "/", authorization: nil)

        #expect(answer.code == 200)
        #expect(answer.text.contains(#""status":"healthy"},"error":null}"#))
    }

    @Test func answersCarryTheFieldsOfTheApplicationAndNoOthers() {
        let names = fixture.list("").fields.map(\.name)

        #expect(names == ["Content-Type", "Vary", "Access-Control-Allow-Credentials"])
        #expect(fixture.list("").field("Content-Type") == "application/json")
    }

    @Test(arguments: [("https://kayle.id", "https://kayle.id"), ("https://other.example", nil), (nil, nil)])
    func onlyThePlatformsOriginIsAllowed(origin: String?, allowed: String?) {
        let answer = fixture.ask("GET", "/v1/sessions", origin: origin)

        #expect(answer.field("Access-Control-Allow-Origin") == allowed)
    }

    @Test func preflightNeedsNoKey() {
        #expect(fixture.ask("OPTIONS", "/v1/anything", authorization: nil).code == 204)
    }

    @Test func publicStatusNeedsNoKey() throws {
        let row = try #require(try fixture.page("limit=1").data.first)

        let answer = fixture.ask("GET", "/v1/verify/session/\(row.id)/status", authorization: nil)

        #expect(answer.code == 200)
        #expect(answer.text.contains(#""status":"\#(row.status)""#))
    }

    @Test(arguments: [("vs_x", 400), ("vs_" + String(repeating: "a", count: 64), 404)])
    func publicStatusOfNoSessionIsRefused(id: String, status: Int) {
        #expect(
            fixture.ask("GET", "/v1/verify/session/\(id)/status", authorization: nil).code == status)
    }

    @Test func askingThePublicStatusExpiresASessionWhoseHourIsOver() throws {
        var configuration = testConfiguration()
        configuration.now = { (referenceSeconds + 4_000) * 1_000_000 }
        let fixture = APIFixture(configuration)
        let id = try #require(try fixture.page("status=created").data.first?.id)

        let answer = fixture.ask("GET", "/v1/verify/session/\(id)/status", authorization: nil)

        #expect(answer.text.contains(#""status":"expired","is_terminal":true"#))
        #expect(try fixture.page("limit=100&status=expired").data.contains { $0.id == id })
    }

    @Test func socketRouteWantsAnUpgrade() {
        let answer = fixture.ask("GET", "/v1/verify/session/anything", authorization: nil)

        #expect(answer.code == 426)
        #expect(answer.text.contains("WEBSOCKET_REQUIRED"))
    }
}
