import HTTPModel

/// Takes the chunked transfer coding off (RFC 9112 §7.1), strictly: only CR LF ends a line, nothing but
/// extensions follows a size, and trailer fields, which are dropped, must be field lines.
///
/// Chunk extensions are dropped too. They and the trailer section are bounded over the whole message, as
/// nothing of them is content: without that bound a client could make the gateway read for ever on a request
/// whose content never grows. No byte is looked at twice, wherever the input is cut.
struct ChunkedDecoder {
    /// Bytes of all chunk extensions of a message; nobody known to us sends any.
    static let maximumExtensionBytes = 4_096
    /// Bytes of the trailer section, line ends included.
    static let maximumTrailerBytes = 8_192
    /// Lines of the trailer section.
    static let maximumTrailerLines = 64
    /// Digits of a chunk size: what 64 bits can hold, so that no size overflows.
    static let maximumSizeDigits = 16

    /// What the next byte must be.
    private enum Expectation {
        /// A digit of a chunk size, or what may follow one: `;` (to `extensionText`) or CR (to
        /// `sizeLineFeed`).
        case size
        /// A byte of an extension, or the CR after it (to `sizeLineFeed`).
        case extensionText
        /// The LF after a size (to `data`, or to `trailerLine` after the last chunk).
        case sizeLineFeed
        /// A byte of content; when none of the chunk is left, to `dataCarriageReturn`.
        case data
        /// The CR after the data of a chunk (to `dataLineFeed`).
        case dataCarriageReturn
        /// The LF after it (to `size`).
        case dataLineFeed
        /// The first byte of a trailer name (to `trailerName`), or the CR of the empty line (to
        /// `finalLineFeed`).
        case trailerLine
        /// A byte of a trailer name, or the colon after it (to `trailerValue`).
        case trailerName
        /// A byte of a trailer value, or the CR after it (to `trailerLineFeed`).
        case trailerValue
        /// The LF after a trailer line (to `trailerLine`).
        case trailerLineFeed
        /// The LF of the empty line (to `finished`).
        case finalLineFeed
        /// Nothing: the content is whole.
        case finished
        /// Nothing: the framing was broken.
        case refused(MessageRefusal)
    }

    private var expectation = Expectation.size
    private var sizeDigits = 0
    /// The size while its digits come, then what is left of the chunk.
    private var chunkBytes: UInt64 = 0
    /// Bytes of content that may still come.
    private var allowedBytes: UInt64
    private var extensionBytes = 0
    private var trailerBytes = 0
    private var trailerLines = 0

    /// A decoder for one message with at most so many bytes of content.
    init(maximumContentBytes: UInt64) {
        allowedBytes = maximumContentBytes
    }

    /// Looks at `bytes` up to the end of the first run of content in them; see `ContentStep`.
    mutating func next(_ bytes: Span<UInt8>) -> ContentStep {
        var offset = 0
        while true {
            switch expectation {
            case .finished: return .finished(consumed: offset)
            case .refused(let reason): return .refused(reason)
            case .data where chunkBytes > 0:
                let count = Int(min(UInt64(bytes.count - offset), chunkBytes, UInt64(UInt32.max)))
                guard count > 0 else { return .needMore(consumed: offset) }
                chunkBytes -= UInt64(count)
                return .content(ByteRange(from: offset, to: offset + count), consumed: offset + count)
            case .data: expectation = .dataCarriageReturn
            case .size, .extensionText, .sizeLineFeed, .dataCarriageReturn, .dataLineFeed, .trailerLine,
                .trailerName, .trailerValue, .trailerLineFeed, .finalLineFeed:
                guard offset < bytes.count else { return .needMore(consumed: offset) }
                expectation = following(bytes[offset])
                offset += 1
            }
        }
    }

    /// What is expected after `byte`, one of framing.
    private mutating func following(_ byte: UInt8) -> Expectation {
        switch expectation {
        case .size: followingSize(byte)
        case .extensionText: followingExtension(byte)
        case .sizeLineFeed: byte == Self.lineFeed ? beginChunk() : .refused(.bareCarriageReturn)
        case .dataCarriageReturn:
            byte == Self.carriageReturn ? .dataLineFeed : .refused(.chunkEndMissing)
        case .dataLineFeed: byte == Self.lineFeed ? beginSize() : .refused(.chunkEndMissing)
        case .trailerLine, .trailerName, .trailerValue, .trailerLineFeed: followingTrailer(byte)
        case .finalLineFeed: byte == Self.lineFeed ? .finished : .refused(.bareCarriageReturn)
        case .data, .finished, .refused: expectation
        }
    }

    private mutating func beginSize() -> Expectation {
        sizeDigits = 0
        chunkBytes = 0
        return .size
    }

    /// RFC 9112 §7.1: `1*HEXDIG`. White space after it is allowed before an extension only as a relic
    /// ("bad whitespace"), and readers disagree about it: refused.
    private mutating func followingSize(_ byte: UInt8) -> Expectation {
        if let digit = Self.value(ofHexadecimalDigit: byte) {
            guard sizeDigits < Self.maximumSizeDigits else { return .refused(.chunkSizeInvalid) }
            sizeDigits += 1
            chunkBytes = chunkBytes << 4 | UInt64(digit)
            return .size
        }
        guard sizeDigits > 0 else { return .refused(.chunkSizeInvalid) }
        switch byte {
        case Self.carriageReturn: return .sizeLineFeed
        case UInt8(ascii: ";"): return followingExtension(byte)
        case Self.lineFeed: return .refused(.bareLineFeed)
        default: return .refused(.chunkSizeInvalid)
        }
    }

    /// RFC 9112 §7.1.1: unknown extensions are ignored. Their grammar admits no control byte but tab; the
    /// line ends of a lax reader must not hide in them.
    private mutating func followingExtension(_ byte: UInt8) -> Expectation {
        if byte == Self.carriageReturn { return .sizeLineFeed }
        guard ByteClass.fieldValue.contains(byte) else {
            return .refused(byte == Self.lineFeed ? .bareLineFeed : .chunkExtensionInvalid)
        }
        extensionBytes += 1
        return extensionBytes <= Self.maximumExtensionBytes
            ? .extensionText : .refused(.chunkExtensionsTooLong)
    }

    /// The size line is whole: a chunk of size 0 is the last one.
    private mutating func beginChunk() -> Expectation {
        guard chunkBytes <= allowedBytes else { return .refused(.contentTooLarge) }
        allowedBytes -= chunkBytes
        return chunkBytes == 0 ? .trailerLine : .data
    }

    /// RFC 9112 §7.1.2: field lines by the same strict rules as in a head, bounded and dropped.
    private mutating func followingTrailer(_ byte: UInt8) -> Expectation {
        trailerBytes += 1
        guard trailerBytes <= Self.maximumTrailerBytes else { return .refused(.trailerTooLarge) }
        switch expectation {
        case .trailerLine:
            if byte == Self.carriageReturn { return .finalLineFeed }
            trailerLines += 1
            guard trailerLines <= Self.maximumTrailerLines else { return .refused(.trailerTooLarge) }
            if byte == UInt8(ascii: ":") { return .refused(.fieldNameEmpty) }
            let isWhitespace = ByteClass.optionalWhitespace.contains(byte)
            return isWhitespace ? .refused(.foldedFieldLine) : followingTrailerName(byte)
        case .trailerName:
            return byte == UInt8(ascii: ":") ? .trailerValue : followingTrailerName(byte)
        case .trailerValue:
            if byte == Self.carriageReturn { return .trailerLineFeed }
            if ByteClass.fieldValue.contains(byte) { return .trailerValue }
            return .refused(byte == Self.lineFeed ? .bareLineFeed : .fieldValueInvalid)
        case .trailerLineFeed: return byte == Self.lineFeed ? .trailerLine : .refused(.bareCarriageReturn)
        case .size, .extensionText, .sizeLineFeed, .data, .dataCarriageReturn, .dataLineFeed, .finalLineFeed,
            .finished, .refused:
            preconditionFailure("no trailer is read in \(expectation)")
        }
    }

    private func followingTrailerName(_ byte: UInt8) -> Expectation {
        if ByteClass.token.contains(byte) { return .trailerName }
        switch byte {
        case Self.lineFeed: return .refused(.bareLineFeed)
        case Self.carriageReturn: return .refused(.colonMissing)
        case UInt8(ascii: " "), UInt8(ascii: "\t"): return .refused(.whitespaceBeforeColon)
        default: return .refused(.fieldNameInvalid)
        }
    }

    private static func value(ofHexadecimalDigit byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static var carriageReturn: UInt8 { 0x0D }
    private static var lineFeed: UInt8 { 0x0A }
}
