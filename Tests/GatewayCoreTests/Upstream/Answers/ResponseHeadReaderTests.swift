import HTTPModel
import Testing

@testable import GatewayCore

struct ResponseHeadReaderTests {
    private static let limits = ResponseHeadReader.Limits(headBytes: 1_000, fieldCount: 5, interimCount: 2)

    /// Feeds lines (given without their line ends) and returns what the last one led to.
    private func outcome(
        of lines: [String], to method: Method = .get, lineEnd: String = "\r\n"
    ) -> ResponseHeadReader.Outcome {
        var reader = ResponseHeadReader(limits: Self.limits, method: method)
        var last = ResponseHeadReader.Outcome.more
        for line in lines { last = reader.consume(Array((line + lineEnd).utf8).span) }
        return last
    }

    private func framing(_ outcome: ResponseHeadReader.Outcome) -> ContentFraming? {
        if case .final(_, let framing) = outcome { framing } else { nil }
    }

    private func failure(_ outcome: ResponseHeadReader.Outcome) -> UpstreamFailure? {
        if case .refused(let failure) = outcome { failure } else { nil }
    }

    @Test(arguments: [
        (["HTTP/1.1 200 OK", ""], Method.get, ContentFraming.untilClose),
        (["HTTP/1.1 200", ""], .get, .untilClose),
        (["HTTP/1.0 200 ", "Content-Length: 0", ""], .get, .length(0)),
        (["HTTP/1.1 200 OK", "content-length:\t9223372036854775807 ", ""], .get, .length(UInt64(Int64.max))),
        (["HTTP/1.1 200 OK", "Transfer-Encoding: Chunked", ""], .get, .chunked),
        (["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", ""], .head, .none),
        (["HTTP/1.1 200 OK", "Content-Length: 5", ""], .head, .none),
        (["HTTP/1.1 304 Not Modified", "Content-Length: 5", ""], .get, .none),
        (["HTTP/1.1 204 No Content", "Content-Length: 0", ""], .get, .none),
        (["HTTP/1.1 103 Early Hints", "", "HTTP/1.1 204 No Content", ""], .get, .none),
    ])
    func contentIsFramedByTheHead(lines: [String], method: Method, expected: ContentFraming) {
        #expect(framing(outcome(of: lines, to: method)) == expected)
    }

    @Test(arguments: [
        (["HTTP/1.1 200 OK", ""], true), (["HTTP/1.1 200 OK", "Connection: keep-alive", ""], true),
        (["HTTP/1.1 200 OK", "Connection: x, CLOSE", ""], false),
        (["HTTP/1.1 200 OK", "Connection: x", "Connection: close", ""], false),
        (["HTTP/1.0 200 OK", "Connection: keep-alive", ""], false),
        (["HTTP/1.1 103 Early Hints", "Connection: close", "", "HTTP/1.1 200 OK", ""], true),
    ])
    func theConnectionIsKeptUnlessTheFinalHeadSaysOtherwise(lines: [String], expected: Bool) {
        var reader = ResponseHeadReader(limits: Self.limits, method: .get)

        for line in lines { _ = reader.consume(Array((line + "\r\n").utf8).span) }

        #expect(reader.keepsConnection == expected)
    }

    @Test(
        arguments: [
            ("H", nil), ("HTTP/1.1 2", nil), ("h", .responseInvalid(.notHTTP)),
            ("HTTP 1", .responseInvalid(.notHTTP)), ("<html>hello", .responseInvalid(.notHTTP)),
            ("HTTP/1.1 200 " + String(repeating: "a", count: 1_000), .headTooLarge),
        ] as [(String, UpstreamFailure?)])
    func theBeginOfALineIsDoubtedBeforeItsEndHasCome(begin: String, expected: UpstreamFailure?) {
        let reader = ResponseHeadReader(limits: Self.limits, method: .get)

        #expect(reader.doubt(aboutBegin: Array(begin.utf8).span) == expected)
    }

    @Test(arguments: [
        (["HTTP/1.1 101 Switching Protocols"], UpstreamFailure.upgradeNotAsked),
        (["http/1.1 200 OK"], .responseInvalid(.notHTTP)),
        ([" HTTP/1.1 200 OK"], .responseInvalid(.notHTTP)),
        ([""], .responseInvalid(.notHTTP)),
        (["HTTP/1.2 200 OK"], .responseInvalid(.statusLine)),
        (["HTTP/1.1  200 OK"], .responseInvalid(.statusLine)),
        (["HTTP/1.1 099 OK"], .responseInvalid(.statusLine)),
        (["HTTP/1.1 2x0 OK"], .responseInvalid(.statusLine)),
        (["HTTP/1.1 200OK"], .responseInvalid(.statusLine)),
        (["HTTP/1.1 200 OK", "Content-Length:"], .responseInvalid(.contentLength)),
        (["HTTP/1.1 200 OK", "Content-Length: 9223372036854775808"], .responseInvalid(.contentLength)),
        (["HTTP/1.1 200 OK", "Content-Length: 0x10"], .responseInvalid(.contentLength)),
        (["HTTP/1.1 200 OK", "Content-Length: 1 1"], .responseInvalid(.contentLength)),
        (["HTTP/1.1 200 OK", "Transfer-Encoding: identity"], .responseInvalid(.transferCoding)),
        (["HTTP/1.1 200 OK", "Transfer-Encoding: chunked, chunked"], .responseInvalid(.transferCoding)),
        (["HTTP/1.1 200 OK", "X\u{7F}: 1"], .responseInvalid(.lineEnd)),
        (["HTTP/1.1 200 OK", "X Y: 1"], .responseInvalid(.fieldLine)),
        (["HTTP/1.1 204 OK", "Transfer-Encoding: chunked", ""], .responseInvalid(.transferCoding)),
        (["HTTP/1.1 200 OK", "A: 1", "B: 1", "C: 1", "D: 1", "E: 1", "F: 1"], .headTooLarge),
        (["HTTP/1.1 200 OK", "A: " + String(repeating: "x", count: 1_000)], .headTooLarge),
        (["HTTP/1.1 100 A", "", "HTTP/1.1 100 A", "", "HTTP/1.1 102 A", ""], .headTooLarge),
        (["HTTP/1.1 200 OK", "", "X-Trailer: 1"], .responseInvalid(.bytesAfterEnd)),
    ])
    func aDoubtfulLineIsRefused(lines: [String], expected: UpstreamFailure) {
        #expect(failure(outcome(of: lines)) == expected)
    }

    @Test(arguments: ["\n", "\r", "\n\r", ""])
    func onlyCRLFEndsALine(lineEnd: String) {
        #expect(failure(outcome(of: ["HTTP/1.1 200 OK"], lineEnd: lineEnd)) == .responseInvalid(.lineEnd))
    }

    @Test func aRefusalStands() {
        var reader = ResponseHeadReader(limits: Self.limits, method: .get)
        _ = reader.consume(Array("HTTP/1.1 200 OK\n".utf8).span)

        let after = reader.consume(Array("HTTP/1.1 200 OK\r\n".utf8).span)

        #expect(failure(after) == .responseInvalid(.lineEnd))
    }

    @Test func fieldsNamedByConnectionAreRemovedWhateverTheirCase() throws {
        let result = outcome(
            of: ["HTTP/1.1 200 OK", "x-a: 1", "Connection: X-A ,, close", "X-B: 2", "Connection: x-C", ""])

        guard case .final(let head, _) = result else {
            Issue.record("no head")
            return
        }
        #expect(head.fields.map { head.bytes.span.extracting($0.name.range).text } == ["X-B"])
    }

    @Test func randomLinesNeverTrap() {
        var generator = SeededNumbers(state: 2_026)
        let alphabet = Array("HTTP/1.1 200\r\n:,chunkedContent-Length\0\t".utf8)
        for _ in 0..<5_000 {
            var reader = ResponseHeadReader(limits: Self.limits, method: .get)
            for _ in 0..<4 {
                let line = (0..<Int(generator.next() % 30)).map { _ in
                    alphabet[Int(generator.next() % UInt64(alphabet.count))]
                }
                _ = reader.consume((line + [13, 10]).span)
            }
        }
    }
}
