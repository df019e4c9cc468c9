import HTTPModel
import Testing

@testable import GatewayCore

/// The machine by its events: whose turn it is on one connection, however the bytes come.
struct HTTP1ConnectionTests {
    /// What happened on a connection, without the sizes of the pieces.
    private enum Happening: Equatable {
        case request(String, path: String)
        case content(String)
        case endOfContent
        case refused(MessageRefusal)
    }

    /// Feeds a connection as a worker does: bytes come in pieces that end at `cuts`, what an event consumed
    /// is dropped, every request is answered once its content is there.
    private static func run(
        _ bytes: [UInt8], cutAt cuts: [Int] = [], limits: HTTP1Limits = HTTP1Limits()
    ) -> [Happening] {
        var connection = HTTP1Connection(limits: limits)
        var head = RequestHead()
        var happenings: [Happening] = []
        var unread: [UInt8] = []
        var received = 0
        var steps = 0
        for end in cuts + [bytes.count] {
            unread += bytes[received..<end]
            received = end
            feeding: while true {
                steps += 1
                guard steps <= 4 * bytes.count + 16 else {
                    Issue.record("no progress with \(unread.count) bytes unread")
                    return happenings
                }
                let event = connection.next(unread.span, into: &head)
                switch event {
                case .request(let headBytes):
                    happenings.append(Self.happening(head, in: unread))
                    unread.removeFirst(headBytes)
                case .content(let range, let consumed):
                    let piece = String(decoding: unread[range.range], as: UTF8.self)
                    if case .content(let before) = happenings.last {
                        happenings[happenings.count - 1] = .content(before + piece)
                    } else {
                        happenings.append(.content(piece))
                    }
                    unread.removeFirst(consumed)
                case .endOfContent(let consumed):
                    happenings.append(.endOfContent)
                    unread.removeFirst(consumed)
                case .needMore(let consumed):
                    unread.removeFirst(consumed)
                    break feeding
                case .answerOwed: connection.answerGiven()
                case .refused(let refusal):
                    happenings.append(.refused(refusal))
                    break feeding
                }
            }
        }
        return happenings
    }

    private static func happening(_ head: RequestHead, in bytes: [UInt8]) -> Happening {
        let span = bytes.span
        return .request(
            span.extracting(head.methodText.range).text, path: span.extracting(head.path.range).text)
    }

    private static let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let post = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    private static let chunked =
        "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n"
    private static let getHappens = [Happening.request("GET", path: "/a")]
    private static let postHappens = [
        Happening.request("POST", path: "/b"), .content("hello"), .endOfContent,
    ]
    private static let chunkedHappens = [
        Happening.request("PUT", path: "/c"), .content("abcde"), .endOfContent,
    ]

    @Test func requestsBehindEachOtherAreTakenInTheirOrder() {
        let text = Self.get + Self.post + Self.chunked + Self.get

        #expect(
            Self.run(Array(text.utf8))
                == Self.getHappens + Self.postHappens + Self.chunkedHappens + Self.getHappens)
    }

    @Test func bytesCutAnywhereHappenAsTheWhole() {
        let bytes = Array((Self.post + Self.chunked + Self.get).utf8)
        let whole = Self.run(bytes)

        for cut in 0...bytes.count { #expect(Self.run(bytes, cutAt: [cut]) == whole, "cut at \(cut)") }
    }

    @Test func bytesThatComeOneByOneHappenAsTheWhole() {
        let bytes = Array((Self.get + Self.post + Self.chunked + Self.get).utf8)

        #expect(Self.run(bytes, cutAt: Array(0..<bytes.count)) == Self.run(bytes))
    }

    @Test(arguments: [
        (get + "GE T / HTTP/1.1\r\n\r\n", MessageRefusal.targetInvalid),
        (get + "G(T / HTTP/1.1\r\n\r\n", .methodInvalid),
        ("PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" + get, .chunkSizeInvalid),
    ])
    func behindARefusalNothingIsLookedAt(text: String, refusal: MessageRefusal) {
        var connection = HTTP1Connection(limits: HTTP1Limits())
        var head = RequestHead()
        var unread = Array(text.utf8)
        var seen: MessageRefusal?
        for _ in 0..<8 {
            switch connection.next(unread.span, into: &head) {
            case .request(let headBytes): unread.removeFirst(headBytes)
            case .content(_, let consumed), .endOfContent(let consumed): unread.removeFirst(consumed)
            case .needMore(let consumed):
                #expect(seen != nil)
                #expect(consumed == unread.count, "everything is swallowed")
                return
            case .answerOwed: connection.answerGiven()
            case .refused(let reason):
                #expect(seen == nil)
                seen = reason
                unread = Array(Self.get.utf8)
            }
        }
        Issue.record("the connection went on after \(String(describing: seen)), not \(refusal)")
    }

    @Test func theNextRequestWaitsForTheAnswerOfTheLast() {
        var connection = HTTP1Connection(limits: HTTP1Limits())
        var head = RequestHead()
        let bytes = Array((Self.get + Self.get).utf8)
        let length = Self.get.utf8.count
        let second = Array(bytes[length...])

        guard case .request(length) = connection.next(bytes.span, into: &head) else {
            Issue.record("no first request")
            return
        }
        for _ in 0..<3 {
            guard case .answerOwed = connection.next(second.span, into: &head) else {
                Issue.record("the second request was looked at before the first was answered")
                return
            }
        }
        let (awaitsHead, owesAnswer) = (connection.awaitsHead, connection.owesAnswer)
        #expect(!awaitsHead && owesAnswer)
        connection.answerGiven()
        guard case .request(length) = connection.next(second.span, into: &head) else {
            Issue.record("no second request")
            return
        }
        let count = connection.requestCount
        #expect(count == 2)
    }

    @Test func anAnswerBeforeTheEndOfTheContentLetsTheContentGoOn() {
        var connection = HTTP1Connection(limits: HTTP1Limits())
        var head = RequestHead()
        let bytes = Array(Self.post.utf8)
        guard case .request(let headBytes) = connection.next(bytes.span, into: &head) else {
            Issue.record("no request")
            return
        }

        connection.answerGiven()

        let content = Array(bytes[headBytes...])
        let (awaitsContent, owesAnswer) = (connection.awaitsContent, connection.owesAnswer)
        #expect(awaitsContent && !owesAnswer)
        guard case .content(_, 5) = connection.next(content.span, into: &head),
            case .endOfContent(0) = connection.next([UInt8]().span, into: &head)
        else {
            Issue.record("the content was not read to its end")
            return
        }
        let (awaitsHead, contentBytes) = (connection.awaitsHead, connection.contentBytes)
        #expect(awaitsHead)
        #expect(contentBytes == 5)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
    ])
    func bytesBehindTheLastRequestRefuseIt(text: String) {
        #expect(Self.run(Array("\(text)GET / HTTP/1.1\r\n".utf8)) == [.refused(.bytesAfterClose)])
    }

    @Test func contentBeyondTheLimitIsRefusedWhereverItIsCut() {
        var limits = HTTP1Limits()
        limits.maximumContentBytes = 4
        let bytes = Array(Self.chunked.utf8)

        for cut in 0...bytes.count {
            let happenings = Self.run(bytes, cutAt: [cut], limits: limits)
            #expect(happenings.last == .refused(.contentTooLarge), "cut at \(cut)")
        }
    }

    @Test func aStoppedConnectionSwallowsAndUnderstandsNothing() {
        var connection = HTTP1Connection(limits: HTTP1Limits())
        var head = RequestHead()
        let bytes = Array(Self.get.utf8)

        connection.stopReading()

        guard case .needMore(bytes.count) = connection.next(bytes.span, into: &head) else {
            Issue.record("bytes were looked at")
            return
        }
        let count = connection.requestCount
        #expect(count == 0)
    }
}
