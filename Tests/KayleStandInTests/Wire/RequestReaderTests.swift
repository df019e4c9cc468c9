import Testing

@testable import KayleStandIn

struct RequestReaderTests {
    private static let two =
        "POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nx-twice:  2\t\r\nContent-Length: 3\r\n\r\nabc"
        + "PUT /d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "2;e=1\r\nab\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"

    @Test func requestsAreTheSameWhereverTheBytesAreCut() {
        let bytes = Array(Self.two.utf8)

        for cut in 0...bytes.count {
            let requests = Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]).requests

            #expect(requests.map(\.method) == ["POST", "PUT"], "cut at \(cut)")
            #expect(requests.map(\.body) == [Array("abc".utf8), Array("ab0123456789".utf8)], "cut at \(cut)")
        }
    }

    @Test func requestsAreReadByteByByte() {
        let result = Self.read(Self.two.utf8.map { [$0] })

        #expect(result.requests.map(\.target) == ["/a?b=c", "/d"])
        #expect(!result.isMalformed)
    }

    @Test func fieldsKeepOrderSpellingAndRepetition() throws {
        let request = try #require(Self.read([Array(Self.two.utf8)]).requests.first)

        #expect(request.fields.map(\.name) == ["Host", "X-Twice", "x-twice", "Content-Length"])
        #expect(request.values("X-TWICE") == ["1", "2"])
        #expect(request.head.elementsEqual(Self.two.utf8.prefix(request.head.count)))
        #expect(request.head.suffix(4) == Array("\r\n\r\n".utf8)[...])
        #expect(request.path == "/a" && request.query == "b=c" && request.connection == 9)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\rY: z\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\0\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: x\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\na\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
    ])
    func whatACorrectClientDoesNotSendIsMalformed(text: String) {
        let result = Self.read([Array(text.utf8)])

        #expect(result.isMalformed && result.requests.isEmpty)
    }

    @Test func headWithoutEndIsMalformedAtItsLimit() {
        let line = Array(repeating: UInt8(ascii: "a"), count: RequestReader.maximumHeadBytes + 1)

        #expect(Self.read([line]).isMalformed)
        #expect(!Self.read([line.dropLast()]).isMalformed)
    }

    @Test func continueIsAskedForOnceAndOnlyWhileTheContentIsMissing() {
        let head = Array(
            "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n".utf8)

        #expect(Self.read([head, [0x61]]).continueCount == 1)
        #expect(Self.read([head + [0x61]]).continueCount == 0)
    }

    private static func read(_ pieces: [[UInt8]]) -> (
        requests: [RecordedRequest], isMalformed: Bool, continueCount: Int
    ) {
        var reader = RequestReader(connection: 9)
        var requests: [RecordedRequest] = []
        var continueCount = 0
        for piece in pieces {
            reader.append(piece)
            var isWaiting = false
            while !isWaiting {
                switch reader.next() {
                case .incomplete: isWaiting = true
                case .awaitingContinue: continueCount += 1
                case .request(let request): requests.append(request)
                case .malformed: return (requests, true, continueCount)
                }
            }
        }
        return (requests, false, continueCount)
    }
}
