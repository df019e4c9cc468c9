import HTTPModel

/// Takes framing and coding off the content of one answer, and knows when it is whole.
///
/// Two ends have to meet: that of the framing (a length, the last chunk), and that of the gzip that the
/// gateway asked for. Fed with any cut.
struct ReceivedContent: ~Copyable {
    /// What one read may become by decoding: 128 times its size is beyond any text that somebody wrote, and
    /// far below what zeros come to (1,032 times).
    private static let maximumGrowth = 128
    /// What every read may become, however short it is.
    private static let minimumRoomBytes = 65_536

    /// How the content comes from the upstream.
    let wireFraming: ContentFraming
    /// Whether it is decoded.
    let isGzip: Bool
    /// Whether what has come so far is whole by its coding.
    private(set) var isDecoded: Bool
    private var chunks = ChunkedContent()
    private var remainingBytes: UInt64 = 0
    private var decoder: GzipDecoder?
    // Chunks without their frames on their way to the decoder; empty between two reads.
    private var unframed = ByteBuffer()

    /// Content behind a head that was framed so; `isGzip` if it is to be decoded. Without memory for that
    /// all of it is refused.
    init(framing: ContentFraming, isGzip: Bool) {
        wireFraming = framing
        self.isGzip = isGzip
        isDecoded = !isGzip
        if case .length(let count) = framing { remainingBytes = count }
        if isGzip { decoder = GzipDecoder() }
    }

    /// How the content is framed for whoever takes it: nobody knows its length before it is decoded.
    var framing: ContentFraming {
        if isGzip, case .length = wireFraming { return .chunked }
        return wireFraming
    }

    /// How many bytes are still to come by a length that was stated; `nil` where none was.
    var expectedBytes: UInt64? {
        if case .length = wireFraming { remainingBytes } else { nil }
    }

    /// Whether this is all of it; where the end of the connection is the end, that it is over has to be
    /// known otherwise.
    var isComplete: Bool { isDecoded && (isWhole || wireFraming == .untilClose) }

    /// Whether the upstream has sent all of it, as far as its framing says; never where the end of the
    /// connection is the end.
    var isWhole: Bool {
        switch wireFraming {
        case .none: true
        case .length: remainingBytes == 0
        case .chunked: chunks.isAtEnd
        case .untilClose: false
        }
    }

    /// Appends what the next bytes hold; `nil` if nothing is wrong with them.
    mutating func take(_ bytes: Span<UInt8>, into content: inout ByteBuffer) -> ResponseDefect? {
        switch wireFraming {
        case .none: return .bytesAfterEnd
        case .length: remainingBytes -= min(remainingBytes, UInt64(bytes.count))
        case .untilClose: break
        case .chunked:
            guard isGzip else { return Self.defect(of: chunks.decode(bytes, into: &content)) }
            unframed.removeAll()
            if let defect = Self.defect(of: chunks.decode(bytes, into: &unframed)) { return defect }
            return unframed.withBytes {
                Self.decode($0, by: &decoder, into: &content, isAtEnd: &isDecoded)
            }
        }
        if isGzip { return Self.decode(bytes, by: &decoder, into: &content, isAtEnd: &isDecoded) }
        content.append(bytes)
        return nil
    }

    private static func decode(
        _ bytes: Span<UInt8>, by decoder: inout GzipDecoder?, into content: inout ByteBuffer,
        isAtEnd: inout Bool
    ) -> ResponseDefect? {
        let room = max(minimumRoomBytes, bytes.count * maximumGrowth)
        switch decoder?.decode(bytes, into: &content, maximumBytes: room) {
        case .decoded(let isWhole): isAtEnd = isWhole
        case .malformed, .tooLarge, nil: return .contentCoding
        }
        return nil
    }

    private static func defect(of outcome: ChunkedContent.Outcome) -> ResponseDefect? {
        if case .refused(let defect) = outcome { defect } else { nil }
    }
}

extension ResponseHead {
    /// Whether the content is in gzip and nothing else (RFC 9110 §8.4; `x-gzip` is the same, §8.4.1.3).
    var saysGzip: Bool {
        var isGzip = false
        for line in fields where line.known == .contentEncoding {
            let value = bytes.span.extracting(line.value.range)
            guard !isGzip, value.equalsIgnoringCase("gzip") || value.equalsIgnoringCase("x-gzip") else {
                return false
            }
            isGzip = true
        }
        return isGzip
    }

    /// The head of the same answer decoded: without coding and length, and its strong tag made a weak one,
    /// for it stands for other bytes (RFC 9110 §7.7, §8.8.1).
    func decoded() -> ResponseHead {
        var head = ResponseHead(status: status)
        for line in fields where line.known != .contentEncoding && line.known != .contentLength {
            let name = bytes.span.extracting(line.name.range)
            let value = bytes.span.extracting(line.value.range)
            guard line.known == .eTag, !value.isEmpty, value[0] == UInt8(ascii: "\"") else {
                head.append(name: name, value: value)
                continue
            }
            var weak: [UInt8] = Array("W/".utf8)
            weak.append(value)
            head.append(name: name, value: weak.span)
        }
        return head
    }
}
