import HTTPModel
import Testing

@testable import GatewayCore

struct UpstreamRequestTests {
    private func makeRequest(_ method: String, _ content: UpstreamRequest.Content = .none) -> UpstreamRequest
    {
        let text = Array(method.utf8)
        return UpstreamRequest(
            method: Method(text.span), methodText: text.span, target: [0x2F].span, content: content,
            authorization: nil)
    }

    private func append(_ name: String, _ value: String, to request: inout UpstreamRequest) {
        request.append(name: Array(name.utf8).span, value: Array(value.utf8).span)
    }

    @Test func linesKeepOrderSpellingAndDuplicates() {
        var request = makeRequest("GET")

        append("X-a", "1", to: &request)
        append("x-A", "2: 3", to: &request)
        append("X-a", "", to: &request)

        #expect(request.lines.span.text == "X-a: 1\r\nx-A: 2: 3\r\nX-a:\r\n")
    }

    @Test(arguments: [
        (UpstreamRequest.Content.none, ""), (.length(0), "Content-Length: 0\r\n"),
        (.length(12), "Content-Length: 12\r\n"), (.chunked, "Transfer-Encoding: chunked\r\n"),
    ])
    func theHeadNamesTheOriginAndItsContent(content: UpstreamRequest.Content, framing: String) {
        var request = makeRequest("PUT", content)
        append("X-a", "1", to: &request)
        var head = ByteBuffer()

        request.appendHead(to: &head, host: Array("api.example:81".utf8))

        let text = head.withBytes { $0.text }
        #expect(text == "PUT / HTTP/1.1\r\nHost: api.example:81\r\nX-a: 1\r\n\(framing)\r\n")
    }

    @Test func aHostOfTheRequestTakesThePlaceOfTheOrigins() {
        var request = makeRequest("GET")
        append("host", "other.example", to: &request)
        var head = ByteBuffer()

        request.authorized(by: Secret("kk_live_1")).appendHead(to: &head, host: Array("api.example".utf8))

        let text = head.withBytes { $0.text }
        #expect(text == "GET / HTTP/1.1\r\nhost: other.example\r\nAuthorization: Bearer kk_live_1\r\n\r\n")
    }

    @Test(arguments: [
        "authorization", "AUTHORIZATION", "Content-Length", "transfer-encoding", "Expect", "Connection",
        "Keep-Alive", "TE", "Trailer", "Upgrade", "Proxy-Connection", "Proxy-Authorization",
    ])
    func framingCredentialsAndConnectionFieldsAreLeftOut(name: String) {
        var request = makeRequest("GET")

        append(name, "x", to: &request)

        #expect(request.lines.isEmpty)
    }

    @Test(arguments: [
        ("GET", UpstreamRequest.Content.none, true), ("HEAD", .none, true), ("OPTIONS", .none, true),
        ("GET", .length(1), false), ("GET", .chunked, false), ("POST", .none, false), ("PUT", .none, false),
        ("DELETE", .none, false), ("PATCH", .none, false), ("get", .none, false), ("PROPFIND", .none, false),
    ])
    func onlySafeRequestsWithoutContentMayBeRepeated(
        method: String, content: UpstreamRequest.Content, expected: Bool
    ) {
        #expect(makeRequest(method, content).mayBeRepeated == expected)
    }

    @Test func aLineEndInAValueStopsTheGateway() async {
        await #expect(processExitsWith: .failure) {
            var request = UpstreamRequest(
                method: .get, methodText: [0x47].span, target: [0x2F].span, content: .none, authorization: nil
            )
            request.append(name: [0x58].span, value: [0x31, 0x0D, 0x0A].span)
        }
    }
}
