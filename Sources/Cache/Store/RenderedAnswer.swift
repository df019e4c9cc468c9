import HTTPModel

/// The bytes of an entry: key, the upstream's weak validator if it has one, the beginning of its head as
/// HTTP/1.1 has it, body.
///
/// What is the same in every answer from the entry is written here once, so that a hit copies it in one go:
/// status line, `Content-Length`, `ETag`, the upstream's fields. Fields that change with time follow behind
/// it, and the empty line that ends the head.
struct RenderedAnswer {
    private(set) var bytes: [UInt8] = []
    private(set) var validator = ByteRange.empty
    private(set) var eTag = ByteRange.empty
    private(set) var headStart = ByteRange.empty
    private(set) var fields = ByteRange.empty
    private(set) var body = ByteRange.empty

    /// Lays the bytes out in one array of exactly the needed size. `tag` is that of a page, made from its
    /// parts; without one the body's own digest is the tag. `variesByCoding` says that the answer is given in
    /// other codings too.
    init(
        query: [UInt8], answer: CollectedAnswer, body content: Span<UInt8>, decision: StorageDecision,
        tag: ContentDigest?, variesByCoding: Bool = false
    ) {
        let head = answer.head
        bytes.reserveCapacity(
            query.count + Self.statusByteCount + ContentDigest.eTagByteCount + head.bytes.count
                + head.fields.count * 4 + Self.dateLineByteCount + Self.varyLine.utf8CodeUnitCount
                + content.count)
        bytes.append(contentsOf: query)
        // A 404 has no validator: conditions are about what is there (RFC 9110 §13.2.1).
        let isThere = head.status == .ok
        if case .store = decision, isThere { appendWeakValidator(answer) }
        let start = bytes.count
        appendStatus(head.status, contentLength: content.count)
        let statesAnew: Bool
        switch decision {
        case .store:
            if isThere { appendETag(answer, content, tag) }
            statesAnew = true
        case .notStored: statesAnew = false
        }
        appendFields(answer, statesAnew: statesAnew, variesByCoding: variesByCoding)
        headStart = ByteRange(from: start, to: bytes.count)
        let bodyStart = bytes.count
        bytes.append(content)
        body = ByteRange(from: bodyStart, to: bytes.count)
    }

    private mutating func appendStatus(_ status: Status, contentLength: Int) {
        bytes.append("HTTP/1.1 ")
        bytes.append(decimal: Int64(status.rawValue))
        // RFC 9112 §4: the space before the phrase stays when there is none.
        bytes.append(" ")
        bytes.append(status.reasonPhrase)
        bytes.append("\r\nContent-Length: ")
        bytes.append(decimal: Int64(contentLength))
        bytes.append("\r\n")
    }

    /// A weak validator is asked about and never given: what it stands for need not be the same bytes.
    private mutating func appendWeakValidator(_ answer: CollectedAnswer) {
        let head = answer.head.bytes.span
        guard let own = answer.head.firstValue(of: .eTag), head.extracting(own.range).isWeakETag else {
            return
        }
        let start = bytes.count
        bytes.append(head.extracting(own.range))
        validator = ByteRange(from: start, to: bytes.count)
    }

    private mutating func appendETag(
        _ answer: CollectedAnswer, _ content: Span<UInt8>, _ tag: ContentDigest?
    ) {
        bytes.append("ETag: ")
        let start = bytes.count
        let head = answer.head.bytes.span
        if let own = answer.head.firstValue(of: .eTag), head.extracting(own.range).isStrongETag {
            bytes.append(head.extracting(own.range))
            eTag = ByteRange(from: start, to: bytes.count)
            validator = eTag
        } else {
            (tag ?? ContentDigest(content)).appendETag(to: &bytes)
            eTag = ByteRange(from: start, to: bytes.count)
        }
        bytes.append("\r\n")
    }

    private mutating func appendFields(
        _ answer: CollectedAnswer, statesAnew: Bool, variesByCoding: Bool
    ) {
        let start = bytes.count
        let head = answer.head.bytes.span
        var hasDate = false
        var saysVary = !variesByCoding
        for line in answer.head.fields {
            if line.known.isHopByHop || line.known == .contentLength { continue }
            if line.known == .xRequestID || answer.head.isNominated(line) { continue }
            if statesAnew, line.isStatedAnew(in: head) { continue }
            hasDate = hasDate || line.known == .date
            if line.known == .vary, head.extracting(line.value.range).namesAcceptEncoding { saysVary = true }
            bytes.append(line: head.extracting(line.name.range), head.extracting(line.value.range))
        }
        // RFC 9110 §6.6.1: a recipient with a clock adds the Date that the sender left out.
        if !hasDate {
            bytes.append("Date: ")
            HTTPDate(unixSeconds: answer.receivedUnixSeconds).append(to: &bytes)
            bytes.append("\r\n")
        }
        // RFC 9110 §12.5.5: the plain answer varies as much as the others.
        if !saysVary { bytes.append(Self.varyLine) }
        fields = ByteRange(from: start, to: bytes.count)
    }

    private static let varyLine: StaticString = "Vary: Accept-Encoding\r\n"

    /// Room for status line, `Content-Length` and the words around the entity tag.
    static let statusByteCount = 120
    private static let dateLineByteCount = "Date: ".utf8.count + HTTPDate.byteCount + 2
}

extension FieldLine {
    /// Whether the gateway replaces this field on answers it may reuse. The upstream's RateLimit speaks of
    /// the moment it was fetched and would lie on every hit.
    fileprivate func isStatedAnew(in bytes: Span<UInt8>) -> Bool {
        switch known {
        case .cacheControl, .age, .eTag, .expires, .rateLimit, .rateLimitPolicy: true
        case .other: isTargetedCacheControl(in: bytes)
        default: false
        }
    }
}

extension ResponseHead {
    /// Whether a `Connection` field names this line's field (RFC 9110 §7.6.1), which makes it hop-by-hop.
    fileprivate func isNominated(_ line: FieldLine) -> Bool {
        let bytes = self.bytes.span
        let name = bytes.extracting(line.name.range)
        for other in fields where other.known == .connection {
            let options = bytes.extracting(other.value.range)
            var start = 0
            while start < options.count {
                var end = start
                while end < options.count, options[end] != 0x2C, !options[end].isBlank { end += 1 }
                if options.extracting(start..<end).equalsIgnoringCase(name) { return true }
                start = end + 1
            }
        }
        return false
    }
}

extension Span where Element == UInt8 {
    /// Whether two names are the same without regard to ASCII case.
    fileprivate func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index].asciiLowercased != other[index].asciiLowercased {
            return false
        }
        return true
    }

    /// Whether a `Vary` value holds `Accept-Encoding`.
    fileprivate var namesAcceptEncoding: Bool {
        var start = 0
        while start < count {
            var end = start
            while end < count, self[end] != 0x2C, !self[end].isBlank { end += 1 }
            if extracting(start..<end).equalsIgnoringCase("accept-encoding") { return true }
            start = end + 1
        }
        return false
    }

    /// Whether these are a weak entity tag: `W/` and a strong one.
    fileprivate var isWeakETag: Bool {
        count >= 4 && self[0] == UInt8(ascii: "W") && self[1] == UInt8(ascii: "/")
            && extracting(2..<count).isStrongETag
    }

    /// Whether these are a strong entity tag (RFC 9110 §8.8.3): quotes around visible bytes, no `W/`.
    fileprivate var isStrongETag: Bool {
        guard count >= 2, self[0] == 0x22, self[count - 1] == 0x22 else { return false }
        for index in 1..<(count - 1) {
            let byte = self[index]
            guard byte == 0x21 || (0x23...0x7E).contains(byte) || byte >= 0x80 else { return false }
        }
        return true
    }
}
