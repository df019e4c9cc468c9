import Testing

@testable import KayleStandIn

struct ReportRoutesTests {
    private let fixture = APIFixture()

    @Test(arguments: ["/v1/events", "/v1/webhooks/events"])
    func cancelLeavesAnEvent(target: String) throws {
        let id = try #require(try fixture.page("status=created").data.first?.id)
        let query = "?limit=100&type=verification.session.cancelled"
        let before = fixture.ask("GET", target + query).text

        _ = fixture.ask("POST", "/v1/sessions/\(id)/cancel")

        #expect(!before.contains(id))
        #expect(fixture.ask("GET", target + query).text.contains(#""trigger_id":"\#(id)""#))
    }

    @Test func eventsHaveTheListsLimit() {
        #expect(fixture.ask("GET", "/v1/events?limit=101").code == 400)
        #expect(
            fixture.ask("GET", "/v1/events?limit=2").text.contains(
                #""pagination":{"limit":2,"has_more":true"#))
    }

    @Test func overviewCountsTheRows() {
        let text = fixture.ask("GET", "/v1/analytics/sessions/overview").text

        #expect(text.contains(#""summary":{"total":57,"created":"#))
        #expect(text.matches(of: /"date":"20/).count == 14)
    }
}
