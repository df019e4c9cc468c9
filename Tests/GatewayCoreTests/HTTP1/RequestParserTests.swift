import HTTPModel
import Testing

@testable import GatewayCore

struct RequestParserTests {
    private let getWithQuery =
        "GET /v1/sessions?limit=20 HTTP/1.1\r\nHost: gateway.example\r\nX-Own:  a b\t \r\n\r\nrest"

    @Test func aHeadIsTakenApartIntoRangesOfItsBytes() {
        let (outcome, head) = HTTP1Samples.parse(getWithQuery)

        #expect(outcome == .complete(headBytes: getWithQuery.utf8.count - 4))
        #expect(head.method == .get)
        #expect(HTTP1Samples.text(head.methodText, in: getWithQuery) == "GET")
        #expect(HTTP1Samples.text(head.target, in: getWithQuery) == "/v1/sessions?limit=20")
        #expect(HTTP1Samples.text(head.path, in: getWithQuery) == "/v1/sessions")
        #expect(HTTP1Samples.text(head.query, in: getWithQuery) == "limit=20")
        #expect(head.hasQuery)
        #expect(HTTP1Samples.text(head.authority, in: getWithQuery) == "gateway.example")
        #expect(head.version == .http11)
        #expect(head.framing == .none)
        #expect(head.keepsAlive)
    }

    @Test func fieldLinesKeepTheirOrderAndLoseTheWhiteSpaceAround() throws {
        let (_, head) = HTTP1Samples.parse(getWithQuery)

        try #require(head.fields.count == 2)
        #expect(head.fields[0].known == .host)
        #expect(head.fields[1].known == .other)
        #expect(HTTP1Samples.text(head.fields[1].name, in: getWithQuery) == "X-Own")
        #expect(HTTP1Samples.text(head.fields[1].value, in: getWithQuery) == "a b")
    }

    @Test(arguments: HTTP1Samples.validHeads)
    func aValidHeadIsTakenToItsLastByte(text: String) {
        let (outcome, head) = HTTP1Samples.parse(text + "GET")

        #expect(outcome == .complete(headBytes: text.utf8.count))
        #expect(head.ranges.allSatisfy { $0.end <= text.utf8.count })
    }

    @Test func aTargetWithABareQuestionMarkHasAnEmptyQuery() {
        let (_, head) = HTTP1Samples.parse("GET /a? HTTP/1.1\r\nHost: a\r\n\r\n")

        #expect(head.hasQuery)
        #expect(head.query.isEmpty)
    }

    @Test(arguments: [
        ("GET http://in.example/p?q HTTP/1.1\r\nHost: out\r\n\r\n", "in.example", "/p", "q"),
        ("GET HTTPS://in.example:1?q HTTP/1.1\r\nHost: out\r\n\r\n", "in.example:1", "/", "q"),
        ("GET http://[::1] HTTP/1.1\r\nHost: out\r\n\r\n", "[::1]", "/", ""),
        ("GET http://in.example/?/? HTTP/1.0\r\n\r\n", "in.example", "/", "/?"),
    ])
    func theAuthorityOfAnAbsoluteTargetWinsOverHost(
        request: String, authority: String, path: String, query: String
    ) {
        let (outcome, head) = HTTP1Samples.parse(request)

        #expect(outcome == .complete(headBytes: request.utf8.count))
        #expect(HTTP1Samples.text(head.authority, in: request) == authority)
        #expect(HTTP1Samples.text(head.path, in: request) == path)
        #expect(HTTP1Samples.text(head.query, in: request) == query)
    }

    @Test func theAsteriskFormOfOptionsHasItselfAsPath() {
        let request = "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"

        let (_, head) = HTTP1Samples.parse(request)

        #expect(HTTP1Samples.text(head.path, in: request) == "*")
    }

    @Test(arguments: [("1.0", HTTPVersion.http10), ("1.1", .http11), ("1.2", .http11), ("1.9", .http11)])
    func aHigherMinorVersionIsServedAsTheHighestKnown(digits: String, version: HTTPVersion) {
        let (_, head) = HTTP1Samples.parse("GET / HTTP/\(digits)\r\nHost: a\r\n\r\n")

        #expect(head.version == version)
    }

    @Test func requestsOnOneConnectionAreReadOneAfterTheOther() {
        var parser = RequestParser(limits: HTTP1Limits())
        var head = RequestHead()
        let first = Array("PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n".utf8)
        let second = Array("GET /2 HTTP/1.0\r\n\r\n".utf8)

        let firstOutcome = parser.parse((first + second).span, into: &head)
        let secondOutcome = parser.parse(second.span, into: &head)

        #expect(firstOutcome == .complete(headBytes: first.count))
        #expect(secondOutcome == .complete(headBytes: second.count))
        #expect(head.method == .get)
        #expect(head.framing == .none)
        #expect(!head.keepsAlive)
    }

    @Test func aParserThatRefusedRefusesForGood() {
        var parser = RequestParser(limits: HTTP1Limits())
        var head = RequestHead()
        let bad = Array("GET /\n".utf8)
        let good = Array("GET / HTTP/1.0\r\n\r\n".utf8)

        _ = parser.parse(bad.span, into: &head)
        let outcome = parser.parse(good.span, into: &head)

        #expect(outcome == .refused(.bareLineFeed))
    }

    @Test(arguments: [
        (8_192, HeadParse.complete(headBytes: 8_192 + 13)), (8_193, .refused(.requestLineTooLong)),
    ])
    func theRequestLineMayBeAsLongAsItsLimit(lineBytes: Int, outcome: HeadParse) {
        let target = "/" + String(repeating: "a", count: lineBytes - "GET / HTTP/1.1".utf8.count)

        #expect(HTTP1Samples.parse("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n").outcome == outcome)
    }

    @Test(arguments: [(1_000, HeadParse.complete(headBytes: 1_000)), (1_001, .refused(.headTooLarge))])
    func theHeadMayBeAsLargeAsItsLimit(headBytes: Int, outcome: HeadParse) {
        var limits = HTTP1Limits()
        limits.maximumHeadBytes = 1_000
        let frame = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n"
        let value = String(repeating: "v", count: headBytes - frame.utf8.count)

        let request = "GET / HTTP/1.1\r\nHost: a\r\nX: \(value)\r\n\r\n"

        #expect(HTTP1Samples.parse(request, limits: limits).outcome == outcome)
    }

    @Test(arguments: [(100, nil), (101, MessageRefusal.tooManyFields)])
    func thereMayBeAsManyFieldLinesAsTheLimit(count: Int, reason: MessageRefusal?) {
        let others = String(repeating: "X: y\r\n", count: count - 1)
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\(others)\r\n"

        let outcome = HTTP1Samples.parse(request).outcome

        #expect(outcome == reason.map { .refused($0) } ?? .complete(headBytes: request.utf8.count))
    }

    @Test(arguments: [
        ("\u{16}\u{3}\u{1}", MessageRefusal.methodInvalid), ("GET \u{1}", .targetInvalid),
        ("GET /a\0", .targetInvalid), ("\n", .bareLineFeed), ("\rG", .bareCarriageReturn),
        ("GET / FTP", .versionMalformed), ("GET / X", .versionMalformed),
        ("SSH-2.0-OpenSSH\r", .methodInvalid),
        (String(repeating: "A", count: 33), .methodTooLong),
        ("GET /" + String(repeating: "a", count: 8_200), .requestLineTooLong),
        ("GET / HTTP/1.1\r\nA\0", .fieldNameInvalid), ("GET / HTTP/1.1\r\nA: b\u{7F}", .fieldValueInvalid),
    ])
    func whatCannotBecomeARequestIsRefusedBeforeItsHeadIsWhole(text: String, reason: MessageRefusal) {
        #expect(HTTP1Samples.parse(text).outcome == .refused(reason))
    }
}
