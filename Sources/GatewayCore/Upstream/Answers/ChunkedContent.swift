/// Decodes the chunks of an answer (RFC 9112 §7.1), strictly.
///
/// libcurl skips anything between a chunk's size and the line feed, and drops what follows the last chunk
/// while it keeps the connection. It is therefore told to hand the chunks over undecoded, and both read them:
/// libcurl to find the end, this to refuse doubts. Extensions and trailers are dropped, bounded. Fed with any
/// cut.
package struct ChunkedContent {
    /// What the bytes led to.
    package enum Outcome: Sendable, Hashable {
        /// The content goes on.
        case more
        /// The content, with its trailers, has ended exactly here.
        case end
        /// The bytes are not chunks, or go on behind the end.
        case refused(ResponseDefect)
    }

    /// What the next byte may be.
    private enum State {
        /// A hexadecimal digit, or (after the first) an extension or CR; goes to `extension`, `sizeLineFeed`.
        case size(digits: Int)
        /// A byte of an extension, or CR; goes to `sizeLineFeed`.
        case sizeExtension
        /// LF; goes to `data`, or to `trailerStart` after the last chunk.
        case sizeLineFeed
        /// A byte of the chunk; goes to `dataReturn`.
        case data
        /// CR behind a chunk; goes to `dataLineFeed`.
        case dataReturn
        /// LF behind a chunk; goes to `size`.
        case dataLineFeed
        /// The first byte of a trailer line, or CR; goes to `trailer`, `endLineFeed`.
        case trailerStart
        /// A byte of a trailer line, or CR; goes to `trailerLineFeed`.
        case trailer
        /// LF behind a trailer line; goes to `trailerStart`.
        case trailerLineFeed
        /// The very last LF; goes to `done`.
        case endLineFeed
        /// Nothing.
        case done
    }

    /// Bytes of extensions of one chunk, and of all trailers; far above anything in use.
    private static let maximumSkippedBytes = 8_192

    private var state = State.size(digits: 0)
    private var remaining: UInt64 = 0
    private var skippedBytes = 0

    /// A decoder before the first chunk.
    package init() {}

    /// Whether the last chunk and the trailers have been read.
    package var isAtEnd: Bool {
        if case .done = state { true } else { false }
    }

    /// Takes the next bytes and appends their content to `target`.
    package mutating func decode(_ bytes: Span<UInt8>, into target: inout ByteBuffer) -> Outcome {
        var index = 0
        while index < bytes.count {
            if case .done = state { return .refused(.bytesAfterEnd) }
            if case .data = state {
                let count = Int(min(remaining, UInt64(bytes.count - index)))
                target.append(bytes.extracting(index..<(index + count)))
                remaining -= UInt64(count)
                index += count
                if remaining == 0 { state = .dataReturn }
                continue
            }
            guard takeFraming(bytes[index]) else { return .refused(.chunk) }
            index += 1
        }
        return isAtEnd ? .end : .more
    }

    /// Takes one byte outside the data; `false` if it may not stand there.
    private mutating func takeFraming(_ byte: UInt8) -> Bool {
        switch state {
        case .size(let digits): return takeSize(byte, after: digits)
        case .sizeExtension: return skip(byte, onReturn: .sizeLineFeed)
        case .sizeLineFeed: return expect(0x0A, byte, next: remaining == 0 ? .trailerStart : .data)
        case .dataReturn: return expect(0x0D, byte, next: .dataLineFeed)
        case .dataLineFeed:
            skippedBytes = 0
            return expect(0x0A, byte, next: .size(digits: 0))
        case .trailerStart:
            if byte == 0x0D {
                state = .endLineFeed
                return true
            }
            // A trailer line may not begin with a blank: that would be a folded one.
            guard byte != 0x20, byte != 0x09 else { return false }
            state = .trailer
            return skip(byte, onReturn: .trailerLineFeed)
        case .trailer: return skip(byte, onReturn: .trailerLineFeed)
        case .trailerLineFeed: return expect(0x0A, byte, next: .trailerStart)
        case .endLineFeed: return expect(0x0A, byte, next: .done)
        case .data, .done: return false
        }
    }

    private mutating func takeSize(_ byte: UInt8, after digits: Int) -> Bool {
        if let digit = byte.hexadecimalValue {
            // 15 digits stay far below 2^63, so no size can overflow any counter.
            guard digits < 15 else { return false }
            remaining = (digits == 0 ? 0 : remaining) << 4 | UInt64(digit)
            state = .size(digits: digits + 1)
            return true
        }
        guard digits > 0 else { return false }
        if byte == 0x0D {
            state = .sizeLineFeed
            return true
        }
        guard byte == 0x3B else { return false }
        state = .sizeExtension
        return true
    }

    private mutating func skip(_ byte: UInt8, onReturn next: State) -> Bool {
        if byte == 0x0D {
            state = next
            return true
        }
        skippedBytes += 1
        return (byte >= 0x20 || byte == 0x09) && byte != 0x7F && skippedBytes <= Self.maximumSkippedBytes
    }

    private mutating func expect(_ expected: UInt8, _ byte: UInt8, next: State) -> Bool {
        state = next
        return byte == expected
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit, or `nil`.
    fileprivate var hexadecimalValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x37
        case 0x61...0x66: self - 0x57
        default: nil
        }
    }
}
