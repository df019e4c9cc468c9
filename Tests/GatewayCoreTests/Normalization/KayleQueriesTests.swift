import Testing

@testable import GatewayCore

struct KayleQueriesTests {
    @Test func everyNamedModelExists() {
        for name in KayleQueries.names { #expect(KayleQueries.model(named: name) != nil) }
    }

    @Test func anUnknownNameHasNoModel() {
        #expect(KayleQueries.model(named: "kayle.sessions") == nil)
    }

    @Test func theSessionsListTakesTheDocumentedParametersInTheUpstreamsOrder() {
        let model = KayleQueries.sessionsList

        #expect(
            model.parameters.map(\.name) == [
                "status", "created_from", "created_to", "limit", "starting_after", "include_attempts",
            ])
        #expect(model.defaultPageSize == 10)
    }
}
