import HTTPModel
import Testing

@testable import GatewayCore

struct ForwardedFieldsTests {
    /// The lines that go to the upstream for a request with these, the gateway's own left out.
    private func passed(
        _ fields: [String], method: String = "GET", downstream: Downstream = ProxyFixture.downstream()
    ) -> [String] {
        lines(fields, method: method, downstream: downstream).filter { line in
            !["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Request-Id", "Via"].contains {
                line.hasPrefix("\($0):")
            }
        }
    }

    private func lines(
        _ fields: [String], method: String = "GET", version: String = "HTTP/1.1",
        downstream: Downstream = ProxyFixture.downstream(),
        sharing: RouteCacheConfiguration.Sharing? = nil
    ) -> [String] {
        let text = message(fields, method: method, version: version)
        let head = HTTP1Samples.parse(text).head
        let bytes = Array(text.utf8)
        var request = UpstreamRequest(
            method: head.method, methodText: bytes.span.extracting(head.methodText.range),
            target: Array("/".utf8).span, content: .none, authorization: nil)
        let identifier = Array("request-1".utf8)
        if let sharing {
            ForwardedFields.appendForStore(
                head: head, bytes.span, downstream: downstream, identifier: identifier.span, sharing: sharing,
                to: &request)
        } else {
            ForwardedFields.append(
                head: head, bytes.span, downstream: downstream, identifier: identifier.span, to: &request)
        }
        return request.lines.span.text.split(separator: "\r\n").map(String.init)
    }

    private func message(_ fields: [String], method: String, version: String = "HTTP/1.1") -> String {
        let target = method == "OPTIONS" ? "*" : "/"
        return "\(method) \(target) \(version)\r\nHost: api.example:8443\r\n"
            + fields.map { "\($0)\r\n" }.joined() + "\r\n"
    }

    private func key(_ fields: [String]) -> String {
        let text = message(fields, method: "GET")
        var key = ByteBuffer()
        ForwardedFields.appendKey(HTTP1Samples.parse(text).head, Array(text.utf8).span, to: &key)
        return key.withBytes { $0.text }
    }

    @Test func whatMeansNothingToUsPassesInOrderWithDuplicates() {
        let fields = ["X-b: 2", "Accept: a", "x-B: 1", "Cookie: c=d", "Accept: b", "User-Agent: t/1"]

        #expect(passed(fields) == fields)
    }

    @Test(arguments: [
        "Authorization: Bearer kgw_x", "Forwarded: for=1.2.3.4", "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-Host: evil", "X-Forwarded-Proto: http", "X-Real-IP: 1.2.3.4", "X-Request-Id: abcdefghi",
        "Connection: x-private", "Keep-Alive: timeout=1", "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic x", "TE: trailers", "Trailer: x", "Upgrade: h2c", "HTTP2-Settings: AAA",
        "Content-Length: 3", "Transfer-Encoding: chunked", "Expect: 100-continue",
    ])
    func whatIsOfOneConnectionOrCouldBeMadeUpIsLeftOut(field: String) {
        #expect(passed(["A: 1", field, "B: 2"], method: "POST") == ["A: 1", "B: 2"])
    }

    @Test func whatConnectionNamesIsLeftOutWithoutRegardToCase() {
        let fields = [
            "x-PRIVATE: 1", "Connection: close, X-Private ,\tX-Other", "X-Other: 2", "X-Private-2: 3",
            "connection: accept", "Accept: a",
        ]

        #expect(passed(fields) == ["X-Private-2: 3"])
    }

    @Test func maxForwardsCountsDownOnOptionsOnly() {
        #expect(passed(["Max-Forwards: 5"], method: "OPTIONS") == ["Max-Forwards: 4"])
        #expect(passed(["Max-Forwards: 5"]) == ["Max-Forwards: 5"])
    }

    @Test func theUpstreamIsToldWhoAsksAndHow() {
        #expect(
            lines([]) == [
                "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https",
                "Forwarded: for=192.0.2.7;proto=https;host=\"api.example:8443\"", "X-Request-Id: request-1",
                "Via: 1.1 kayle-gateway",
            ])
    }

    @Test func anIPv6AddressStandsInBracketsAndQuotes() {
        let lines = lines([], downstream: ProxyFixture.downstream(address: "2001:db8::1", tls: nil))

        #expect(
            lines.contains("Forwarded: for=\"[2001:db8::1]\";proto=http;host=\"api.example:8443\""),
            "\(lines)")
    }

    @Test func viaSaysWhichVersionWasReceived() {
        #expect(lines([], version: "HTTP/1.0").contains("Via: 1.0 kayle-gateway"))
        #expect(
            lines(["Via: 1.1 other"]).filter { $0.hasPrefix("Via") } == [
                "Via: 1.1 other", "Via: 1.1 kayle-gateway",
            ])
    }

    @Test func forATenantsStoreNothingOfTheClientsGoesOut() {
        let own = ["Accept: application/json"] + lines([])

        #expect(lines(["Accept: text/html", "Cookie: a=b", "Range: bytes=0-1"], sharing: .tenant) == own)
    }

    @Test func forASharedStoreGoesOutWhatIsInTheKey() {
        let fields = ["Accept: text/html", "X-Forwarded-For: 1.2.3.4", "Cookie: a=b"]

        let sent = lines(fields, sharing: .headers).prefix(2).joined(separator: "\n")

        #expect(sent == "Accept: text/html\nCookie: a=b")
        #expect(key(fields) == "\naccept:text/html\ncookie:a=b")
    }

    @Test func noTwoSetsOfLinesHaveOneKey() {
        let sets = [
            [], ["A: b"], ["A: c"], ["A: b", "A: b"], ["A: b, b"], ["A:"], ["Ab:"], ["A: b:c"], ["B: b"],
            ["A: b", "C: d"], ["C: d", "A: b"],
        ]

        #expect(Set(sets.map(key)).count == sets.count)
        #expect(key(["ACCEPT: b"]) == key(["accept:   b"]))
    }

    @Test func whatIsLeftOutIsNotInTheKey() {
        #expect(key(["Connection: x-a", "X-A: 1", "Authorization: Bearer t"]) == "")
    }
}
