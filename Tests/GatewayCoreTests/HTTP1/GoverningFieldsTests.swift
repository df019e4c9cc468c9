import HTTPModel
import Testing

@testable import GatewayCore

struct GoverningFieldsTests {
    private func head(_ fields: String, version: String = "1.1") -> RequestHead {
        HTTP1Samples.parse("POST / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n").head
    }

    @Test(arguments: [
        ("", "1.1", true), ("", "1.0", false),
        ("Connection: close\r\n", "1.1", false), ("Connection: CLOSE\r\n", "1.1", false),
        ("Connection: keep-alive\r\n", "1.0", true), ("Connection: Keep-Alive\r\n", "1.0", true),
        ("Connection: keep-alive, close\r\n", "1.0", false),
        ("Connection: x-y\r\nConnection: ,close,\r\n", "1.1", false),
        ("Connection: closed\r\n", "1.1", true), ("Connection:\r\n", "1.1", true),
    ])
    func theConnectionStaysByVersionAndConnectionField(fields: String, version: String, stays: Bool) {
        #expect(head(fields, version: version).keepsAlive == stays)
    }

    @Test func aConnectionFieldIsNoted() {
        #expect(head("Connection: x-y\r\n").hasConnectionField)
        #expect(!head("X: connection\r\n").hasConnectionField)
    }

    @Test(arguments: [
        ("", ContentFraming.none), ("Content-Length: 0\r\n", .length(0)),
        ("Content-Length: 007\r\n", .length(7)),
        ("Content-Length: 10485760\r\n", .length(10_485_760)), ("Transfer-Encoding: chunked\r\n", .chunked),
        ("transfer-encoding: CHUNKED\r\n", .chunked),
    ])
    func theFramingFollowsFromTheFields(fields: String, framing: ContentFraming) {
        #expect(head(fields).framing == framing)
    }

    @Test(arguments: [
        ("Expect: 100-continue\r\nContent-Length: 1\r\n", "1.1", true),
        ("Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n", "1.1", true),
        ("Expect: 100-continue\r\nContent-Length: 1\r\n", "1.0", false),
        ("Expect: 100-continue\r\nContent-Length: 0\r\n", "1.1", false),
        ("Expect: 100-continue\r\n", "1.1", false),
        ("Expect: something-else\r\nContent-Length: 1\r\n", "1.1", false),
    ])
    func onlyAClientThatHoldsContentBackIsWaitingForContinue(fields: String, version: String, waits: Bool) {
        #expect(head(fields, version: version).expectsContinue == waits)
    }

    @Test(arguments: [
        ("", nil), ("Max-Forwards: 0\r\n", 0), ("Max-Forwards: 10\r\n", 10), ("Max-Forwards: x\r\n", nil),
        ("Max-Forwards: -1\r\n", nil), ("Max-Forwards: 99999999999\r\n", UInt32.max),
        ("Max-Forwards: 5\r\nMax-Forwards: 0\r\nMax-Forwards: 9\r\n", 0),
    ])
    func theSmallestMaxForwardsThatIsANumberCounts(fields: String, number: UInt32?) {
        #expect(head(fields).maxForwards == number)
    }
}
