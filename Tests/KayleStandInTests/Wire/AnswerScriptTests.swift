import FlyingFox
import Testing

@testable import KayleStandIn

struct AnswerScriptTests {
    private static let answer = Answer.text(.notFound, "abcdefghij")
    private static let head =
        "HTTP/1.1 404 Not Found\r\nDate: D\r\nContent-Type: text/plain; charset=UTF-8\r\nVary: Origin\r\n"
        + "Access-Control-Allow-Credentials: true\r\n"

    @Test func plainAnswerIsOneSend() {
        #expect(steps([]) == [.send(Array((Self.head + "Content-Length: 10\r\n\r\nabcdefghij").utf8))])
    }

    @Test func answerToHeadHasTheLengthAndNoContent() {
        #expect(steps([], method: "HEAD") == [.send(Array((Self.head + "Content-Length: 10\r\n\r\n").utf8))])
    }

    @Test func noContentHasNeitherLengthNorContent() {
        let script = AnswerScript(
            Answer(.noContent, contentType: nil, body: []), to: Self.request("GET"), date: "D", effects: [])

        let expected =
            "HTTP/1.1 204 No Content\r\nDate: D\r\nVary: Origin\r\n"
            + "Access-Control-Allow-Credentials: true\r\n\r\n"
        #expect(script.steps == [.send(Array(expected.utf8))])
    }

    @Test func chunksHaveTheOrderedSize() {
        let expected =
            Self.head + "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n4\r\nefgh\r\n2\r\nij\r\n0\r\n\r\n"

        #expect(steps([.chunked(pieceBytes: 4)]) == [.send(Array(expected.utf8))])
    }

    @Test func effectsAddUp() {
        let expected = Self.head + "Cache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"

        let steps = steps([
            .delay(milliseconds: 3), .fields([("Cache-Control", "no-store")]), .chunked(pieceBytes: 5),
            .breakOff(afterBodyBytes: 3, .reset),
        ])

        #expect(steps == [.pause(milliseconds: 3), .send(Array(expected.utf8)), .end(.reset)])
    }

    @Test func aBreakOffIsSeenAsOneWhateverElseIsOrdered() {
        let expected = Array((Self.head + "Content-Length: 10\r\n\r\nabc").utf8)

        let steps = steps([.untilClose, .breakOff(afterBodyBytes: 3, .closed)])

        #expect(steps == [.send(expected), .end(.closed)])
    }

    @Test func orderedAnswerReplacesFieldsOfTheSameName() {
        let steps = steps([.answer(status: 429, fields: [("vary", "*"), ("Retry-After", "2")], body: [])])

        let expected =
            "HTTP/1.1 429 Ordered\r\nDate: D\r\nContent-Type: text/plain; charset=UTF-8\r\n"
            + "Access-Control-Allow-Credentials: true\r\nvary: *\r\nRetry-After: 2\r\n"
            + "Content-Length: 0\r\n\r\n"
        #expect(steps == [.send(Array(expected.utf8))])
    }

    private func steps(_ effects: [Fault.Effect], method: String = "GET") -> [AnswerScript.Step] {
        AnswerScript(Self.answer, to: Self.request(method), date: "D", effects: effects).steps
    }

    private static func request(_ method: String) -> RecordedRequest {
        RecordedRequest(
            connection: 1, head: [], method: method, target: "/", version: "HTTP/1.1", fields: [], body: [])
    }
}
