package import HTTPModel

/// What one look at received content gave. Offsets count from the first byte of the look; the connection
/// drops the `consumed` bytes and asks again with what follows.
package enum ContentStep: Sendable, Hashable {
    /// These bytes are content; `consumed` reaches to their end and includes the framing before them.
    case content(ByteRange, consumed: Int)
    /// Nothing more can be said without more bytes.
    case needMore(consumed: Int)
    /// The content is whole; what follows belongs to the next request.
    case finished(consumed: Int)
    /// The framing is broken or the content too large: answer with the refusal's status and close.
    case refused(MessageRefusal)
}

/// Takes the framing off a request's content (RFC 9112 §6 and §7), bounded in bytes, without copying any.
///
/// A machine per message: made when the head is whole, asked until it finishes or refuses. What it said last
/// it repeats if asked again.
package struct ContentDecoder: ~Copyable {
    private enum Mode {
        /// So many bytes are still to come.
        case length(UInt64)
        /// Chunks come until the last one.
        case chunked(ChunkedDecoder)
        /// Everything is content until the connection ends; so many bytes are still allowed.
        case untilClose(UInt64)
        /// Refused.
        case refused(MessageRefusal)
    }

    private var mode: Mode
    /// Bytes of content given out so far.
    package private(set) var contentBytes: UInt64 = 0

    /// A decoder for one message with this framing; content beyond `maximumContentBytes` is refused, an
    /// announced length at once.
    package init(framing: ContentFraming, maximumContentBytes: UInt64) {
        mode =
            switch framing {
            case .none: .length(0)
            case .length(let bytes):
                bytes <= maximumContentBytes ? .length(bytes) : .refused(.contentTooLarge)
            case .chunked: .chunked(ChunkedDecoder(maximumContentBytes: maximumContentBytes))
            case .untilClose: .untilClose(maximumContentBytes)
            }
    }

    /// Looks at `bytes`, all that are unread. Progress is certain: a step that gives content consumes some.
    package mutating func next(_ bytes: Span<UInt8>) -> ContentStep {
        let step: ContentStep
        switch mode {
        case .length(0): step = .finished(consumed: 0)
        case .length(let remaining):
            step = Self.content(upTo: remaining, of: bytes)
            if case .content(let range, _) = step { mode = .length(remaining - UInt64(range.count)) }
        case .chunked(var decoder):
            step = decoder.next(bytes)
            mode = .chunked(decoder)
        case .untilClose(let allowed):
            guard allowed > 0 || bytes.isEmpty else {
                mode = .refused(.contentTooLarge)
                return .refused(.contentTooLarge)
            }
            step = Self.content(upTo: allowed, of: bytes)
            if case .content(let range, _) = step { mode = .untilClose(allowed - UInt64(range.count)) }
        case .refused(let reason): step = .refused(reason)
        }
        if case .content(let range, _) = step { contentBytes += UInt64(range.count) }
        return step
    }

    /// The first bytes as content, as many as are there and may be taken.
    private static func content(upTo allowed: UInt64, of bytes: Span<UInt8>) -> ContentStep {
        // An offset has 32 bits; a buffer that holds more is given out in several steps.
        let count = Int(min(UInt64(bytes.count), allowed, UInt64(UInt32.max)))
        return count == 0 ? .needMore(consumed: 0) : .content(ByteRange(from: 0, to: count), consumed: count)
    }
}
