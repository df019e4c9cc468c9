import Testing

@testable import KayleStandIn

struct FaultTests {
    private let standIn: RunningStandIn

    init() throws {
        standIn = try KayleStandIn.launch(testConfiguration())
    }

    @Test func faultHitsSoManyMatchingRequestsAndNoMore() throws {
        standIn.control.inject(
            Fault(.answer(status: 503, fields: [], body: []), path: "/v1/*", method: "GET", times: 2))
        let client = try RawClient(standIn)

        let targets = ["/", "/v1/sessions", "/v1/events", "/v1/sessions"]

        #expect(try targets.map { try client.exchange("GET", $0).status } == [200, 503, 503, 200])
        #expect(try client.exchange("POST", "/v1/sessions").status == 200)
    }

    @Test func clearedFaultsHitNothing() throws {
        standIn.control.inject(.hang())

        standIn.control.clearFaults()

        #expect(try RawClient(standIn).exchange("GET", "/").status == 200)
    }

    @Test func orderedStatusCarriesItsFieldsAndLeavesTheData() throws {
        standIn.control.inject(
            Fault(.answer(status: 429, fields: [("Retry-After", "2")], body: Array("slow".utf8)), times: 1))
        let client = try RawClient(standIn)
        let before = standIn.truth("/v1/sessions?limit=100", key: "kk_a").body

        let answer = try client.exchange("POST", "/v1/sessions")

        #expect(answer.status == 429 && answer.field("Retry-After") == "2" && answer.text == "slow")
        #expect(standIn.truth("/v1/sessions?limit=100", key: "kk_a").body == before)
        #expect(standIn.control.requestCount(.createSession) == 1)
    }

    @Test func delayedAnswerComesLaterAndWhole() throws {
        standIn.control.inject(Fault(.delay(milliseconds: 150), times: 1))
        let clock = ContinuousClock()
        let client = try RawClient(standIn)

        let start = clock.now
        let status = try client.exchange("GET", "/").status

        #expect(status == 200)
        #expect(clock.now - start >= .milliseconds(150))
    }

    @Test(arguments: [(Fault.Ending.closed, RawClient.End.closed), (.reset, .reset)])
    func brokenOffAnswerStopsShortOfItsLength(ending: Fault.Ending, seen: RawClient.End) throws {
        standIn.control.inject(Fault(.breakOff(afterBodyBytes: 19, ending), times: 1))
        let client = try RawClient(standIn)

        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let rest = client.rest()

        #expect(rest.end == seen)
        // A reset may overtake the bytes before it; an orderly close may not.
        #expect(
            ending == .reset
                || String(decoding: rest.bytes, as: UTF8.self).hasSuffix("\r\n\r\n{\"data\":{\"message\":"))
    }

    @Test func brokenOffChunksLackTheLastOne() throws {
        standIn.control.inject(Fault(.chunked(pieceBytes: 10), times: 1))
        standIn.control.inject(Fault(.breakOff(afterBodyBytes: 16, .closed), times: 1))
        let client = try RawClient(standIn)

        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let rest = client.rest()

        #expect(rest.end == .closed)
        #expect(String(decoding: rest.bytes, as: UTF8.self).hasSuffix("\r\n\r\na\r\n{\"data\":{\"\r\na"))
    }

    @Test func chunkedAnswerHoldsTheSameContent() throws {
        standIn.control.inject(Fault(.chunked(pieceBytes: 1_000_000), times: 1))
        standIn.control.inject(Fault(.fields([("Connection", "close")]), times: 1))
        let client = try RawClient(standIn, timeoutMilliseconds: 300)
        let body = String(decoding: standIn.truth("/", key: "").body, as: UTF8.self)

        try client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

        let text = String(decoding: client.rest().bytes, as: UTF8.self)
        #expect(text.contains("Transfer-Encoding: chunked\r\n\r\n") && !text.contains("Content-Length"))
        #expect(text.hasSuffix("\r\n\r\n" + String(body.utf8.count, radix: 16) + "\r\n\(body)\r\n0\r\n\r\n"))
    }

    @Test func answerUntilCloseHasNoLength() throws {
        standIn.control.inject(Fault(.untilClose, times: 1))
        let client = try RawClient(standIn)

        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let rest = client.rest()

        let text = String(decoding: rest.bytes, as: UTF8.self)
        #expect(rest.end == .closed && !text.contains("Content-Length") && text.hasSuffix("\"error\":null}"))
    }

    @Test func hangingRequestIsCountedAndNeverAnswered() throws {
        standIn.control.inject(.hang(times: 1))
        let client = try RawClient(standIn, timeoutMilliseconds: 200)

        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        #expect(client.rest() == ([], .timeout))
        #expect(standIn.control.requestCount(.health) == 1)
    }

    @Test func stalledAnswerStopsWithoutAnEnd() throws {
        standIn.control.inject(Fault(.breakOff(afterBodyBytes: 5, .silence), times: 1))
        let client = try RawClient(standIn, timeoutMilliseconds: 200)

        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let rest = client.rest()

        #expect(
            rest.end == .timeout && String(decoding: rest.bytes, as: UTF8.self).hasSuffix("\r\n\r\n{\"dat"))
    }

    @Test func trickledAnswerIsWhole() throws {
        standIn.control.inject(Fault(.trickle(pieceBytes: 10, everyMilliseconds: 5), times: 1))
        let clock = ContinuousClock()
        let client = try RawClient(standIn)

        let start = clock.now
        let answer = try client.exchange("GET", "/")

        #expect(answer.body == standIn.truth("/", key: "").body)
        #expect(clock.now - start >= .milliseconds(50))
    }

    @Test func bytesBeforeAndAfterTheAnswerAreSentAsTheyAre() throws {
        standIn.control.inject(
            Fault(.before(Array("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".utf8)), times: 1))
        standIn.control.inject(
            Fault(
                .after(Array("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate".utf8), milliseconds: 20),
                times: 1))
        let client = try RawClient(standIn)

        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        #expect(try client.answer(to: "HEAD").status == 103)
        #expect(try client.answer().status == 200)
        #expect(try client.answer().text == "late")
        #expect(try client.exchange("GET", "/no").status == 404)
    }

    @Test func idleConnectionEndsAfterAWholeAnswer() throws {
        standIn.control.inject(Fault(.endAfter(milliseconds: 20, .closed), times: 1))
        let client = try RawClient(standIn)

        let answer = try client.exchange("GET", "/")

        #expect(answer.status == 200 && answer.field("Connection") == nil)
        #expect(client.rest() == ([], .closed))
    }

    @Test func rawBytesReplaceTheAnswer() throws {
        standIn.control.inject(Fault(.raw(Array("garbage".utf8), .closed), times: 1))
        let client = try RawClient(standIn)

        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let rest = client.rest()

        #expect(rest.bytes == Array("garbage".utf8) && rest.end == .closed)
    }

    @Test func extraFieldsAreAdded() throws {
        standIn.control.inject(
            Fault(.fields([("Cache-Control", "no-store")]), path: "/v1/sessions", times: 1))

        let answer = try RawClient(standIn).exchange("GET", "/v1/sessions?limit=1")

        #expect(answer.field("Cache-Control") == "no-store" && answer.status == 200)
    }
}
