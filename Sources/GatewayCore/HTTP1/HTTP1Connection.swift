package import HTTPModel

/// HTTP/1.1 on one connection: whose turn it is, to read a head, to read content, or to answer.
///
/// A machine: bytes in, events out, no I/O, no time. Requests are taken one at a time; the next head is
/// looked at when the content of the present request has been read and its answer has been given, so that
/// answers keep the order of their requests (RFC 9112 §9.3.2).
package struct HTTP1Connection: ~Copyable {
    /// What the bytes came to.
    package enum Event: Sendable {
        /// A request began: its head is so many bytes; an answer is owed.
        case request(headBytes: Int)
        /// Content of the present request, and how many bytes of input it took.
        case content(ByteRange, consumed: Int)
        /// The content is complete; its last bytes of framing took so much input.
        case endOfContent(consumed: Int)
        /// So much input is used up; more is needed.
        case needMore(consumed: Int)
        /// An answer is owed before anything else is looked at.
        case answerOwed
        /// Not HTTP, or doubtful: refuse and close. Nothing after it is ever looked at.
        case refused(MessageRefusal)
    }

    private enum Reading {
        /// Waits for a head; then goes to content or complete.
        case head
        /// Waits for content; then goes to complete.
        case content
        /// Waits for the answer; then goes to head.
        case complete
        /// A refusal or a close; stays.
        case stopped
    }

    private var parser: RequestParser
    private var decoder: ContentDecoder
    private let limits: HTTP1Limits
    private var reading = Reading.head
    private var answerIsOwed = false
    /// Requests taken so far.
    package private(set) var requestCount: UInt64 = 0
    /// Bytes of content of the present request so far, after decoding.
    package private(set) var contentBytes: UInt64 = 0

    /// A connection on which nothing has been received.
    package init(limits: HTTP1Limits) {
        self.limits = limits
        parser = RequestParser(limits: limits)
        decoder = ContentDecoder(framing: .none, maximumContentBytes: limits.maximumContentBytes)
    }

    /// Whether the next byte begins or continues a head.
    package var awaitsHead: Bool { reading == .head }

    /// Whether content of the present request is outstanding.
    package var awaitsContent: Bool { reading == .content }

    /// Whether the present request has no answer yet.
    package var owesAnswer: Bool { answerIsOwed }

    /// Whether the next byte is the first one of a request.
    package var isBetweenRequests: Bool { reading == .head && parser.isAtStart }

    /// Takes the next request without looking at it: its head is, byte for byte, one that was taken before on
    /// this connection, has no content, and lets another request follow. An answer is owed.
    package mutating func takeRepeated() {
        precondition(isBetweenRequests && !answerIsOwed, "a request is at hand already")
        requestCount += 1
        contentBytes = 0
        answerIsOwed = true
        reading = .complete
    }

    /// Looks at the unread bytes and says what comes first in them. The caller drops what the event consumed
    /// and calls again, until `needMore` or `answerOwed`.
    package mutating func next(_ bytes: Span<UInt8>, into head: inout RequestHead) -> Event {
        switch reading {
        case .head: return nextHead(bytes, into: &head)
        case .content: return nextContent(bytes)
        case .complete: return .answerOwed
        case .stopped: return .needMore(consumed: bytes.count)
        }
    }

    /// The answer is whole. The next request, if the connection carries one, may be looked at.
    package mutating func answerGiven() {
        precondition(answerIsOwed, "an answer without a request")
        answerIsOwed = false
        if reading == .complete { reading = .head }
    }

    /// Nothing more is read: whatever follows is swallowed, never understood.
    package mutating func stopReading() { reading = .stopped }

    private mutating func nextHead(_ bytes: Span<UInt8>, into head: inout RequestHead) -> Event {
        switch parser.parse(bytes, into: &head) {
        case .needMore: return .needMore(consumed: 0)
        case .refused(let refusal):
            reading = .stopped
            return .refused(refusal)
        case .complete(let headBytes):
            requestCount += 1
            contentBytes = 0
            answerIsOwed = true
            decoder = ContentDecoder(framing: head.framing, maximumContentBytes: limits.maximumContentBytes)
            switch head.framing {
            case .none, .length(0): reading = .complete
            case .length, .chunked, .untilClose: reading = .content
            }
            // Bytes behind a request that says it is the last: either it has content it does not own up to,
            // or somebody hides a second request behind it. Refused before the first is acted on.
            if !head.keepsAlive && reading == .complete && headBytes < bytes.count {
                reading = .stopped
                return .refused(.bytesAfterClose)
            }
            return .request(headBytes: headBytes)
        }
    }

    private mutating func nextContent(_ bytes: Span<UInt8>) -> Event {
        switch decoder.next(bytes) {
        case .content(let range, let consumed):
            contentBytes += UInt64(range.count)
            return .content(range, consumed: consumed)
        case .needMore(let consumed): return .needMore(consumed: consumed)
        case .finished(let consumed):
            reading = answerIsOwed ? .complete : .head
            return .endOfContent(consumed: consumed)
        case .refused(let refusal):
            reading = .stopped
            return .refused(refusal)
        }
    }
}
