import Testing

@testable import GatewayCore

struct RequestedLimitTests {
    @Test(
        arguments: [
            ("", .absent), ("limits=5&limi=6&Limit=7", .absent), ("limit=5", .rows(5)),
            ("a=b&limit=100&c", .rows(100)), ("li%6Dit=7", .rows(7)), ("limit=%32%30", .rows(20)),
            ("limit=007", .rows(7)), ("limit=5&limit=50", .rows(50)), ("limit=50&limit=5", .rows(50)),
            ("limit", .unclear), ("limit=", .unclear), ("limit=1e3", .unclear), ("limit=+5", .unclear),
            ("limit=0x10", .unclear), ("limit=5.0", .unclear), ("limit=-1", .unclear),
            ("limit=99999999999999999999", .unclear), ("limit=5&limit=x", .unclear),
            ("limit=5&&limit=9999999999999999999", .rows(9_999_999_999_999_999_999)),
        ] as [(String, RequestedLimit)])
    func theParameterIsReadAsTheUpstreamReadsIt(query: String, expected: RequestedLimit) {
        #expect(RequestedLimit.read("limit", in: Array(query.utf8).span) == expected)
    }
}
