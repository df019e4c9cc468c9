import Testing

@testable import GatewayCore

struct QueryParameterTests {
    @Test func aRuleFollowsTheNameToMakeASentence() {
        let parameters = [
            QueryParameter("limit", .integer(minimum: 1, maximum: 100, default: 10)),
            QueryParameter("order", .choice(["asc", "desc"])),
            QueryParameter("q", .text(maximumBytes: 64)),
            QueryParameter("attempts", .flag),
        ]

        let sentences = parameters.map { "\($0.name) \($0.rule)" }

        #expect(
            sentences == [
                "limit must be an integer from 1 to 100",
                "order must be one of asc, desc",
                "q must be at most 64 bytes of text without control characters",
                "attempts must be true or false",
            ])
    }
}
