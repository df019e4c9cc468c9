public import HTTPModel

/// An answer whose time is over, about to be asked for anew, with what lets the upstream say that it has not
/// changed.
public struct Revalidation: Sendable {
    /// The answer that is kept.
    public let entry: CacheEntry

    /// What may be asked about an entry; `nil` if the upstream gave it no validator.
    public init?(_ entry: CacheEntry) {
        guard entry.status == .ok, !entry.validator.isEmpty || Self.lastModified(of: entry) != nil else {
            return nil
        }
        self.entry = entry
    }

    /// Gives the conditions of the request (RFC 9111 §4.3.1): names and values of fields.
    public func forEachCondition(_ give: (_ name: StaticString, _ value: Span<UInt8>) -> Void) {
        let held = entry.bytes
        let bytes = held.span
        if !entry.validator.isEmpty { give("If-None-Match", bytes.extracting(entry.validator.range)) }
        if let date = Self.lastModified(of: entry) {
            give("If-Modified-Since", bytes.extracting(date.range))
        }
    }

    /// The head of the answer as the upstream has just confirmed it: the fields that were kept, replaced by
    /// those of the 304 (RFC 9111 §3.2, §4.3.4).
    public func confirmed(by head: ResponseHead) -> ResponseHead {
        var merged = ResponseHead(status: .ok)
        let new = head.bytes.span
        let held = entry.bytes
        let bytes = held.span
        if head.firstValue(of: .eTag) == nil, !entry.validator.isEmpty {
            merged.append(name: Array("ETag".utf8).span, value: bytes.extracting(entry.validator.range))
        }
        bytes.extracting(entry.fields.range).forEachLine { line, colon in
            let name = bytes.extracting(entry.fields.range).extracting(line.lowerBound..<colon)
            // Stated again, or by us.
            let isStated = head.fields.contains {
                !$0.known.describesContent && new.extracting($0.name.range).equalsIgnoringASCIICase(name)
            }
            if isStated { return }
            merged.append(
                name: name,
                value: bytes.extracting(entry.fields.range).extracting((colon + 2)..<line.upperBound))
        }
        for line in head.fields where !line.known.describesContent {
            merged.append(name: new.extracting(line.name.range), value: new.extracting(line.value.range))
        }
        return merged
    }

    /// Where `Last-Modified` stands in an entry.
    private static func lastModified(of entry: CacheEntry) -> ByteRange? {
        let held = entry.bytes
        let fields = held.span.extracting(entry.fields.range)
        var found: ByteRange?
        fields.forEachLine { line, colon in
            if fields.extracting(line.lowerBound..<colon).equalsIgnoringCase("last-modified") {
                found = ByteRange(from: colon + 2, to: line.upperBound).shifted(by: Int(entry.fields.start))
            }
        }
        return found
    }
}

extension FieldName {
    /// Whether the field speaks about content, which a 304 does not have (RFC 9111 §3.2).
    fileprivate var describesContent: Bool {
        self == .contentLength || self == .contentEncoding || self == .contentType
    }
}

extension Span where Element == UInt8 {
    /// Gives the lines of rendered fields, without their ends, and where the colon of each stands.
    public func forEachLine(_ give: (_ line: Range<Int>, _ colon: Int) -> Void) {
        var start = 0
        while start < count {
            var end = start
            var colon: Int?
            while end < count, self[end] != 0x0D {
                if self[end] == 0x3A, colon == nil { colon = end }
                end += 1
            }
            if let colon { give(start..<end, colon) }
            start = end + 2
        }
    }

    /// Whether two names are the same without regard to ASCII case.
    func equalsIgnoringASCIICase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index].asciiLowercased != other[index].asciiLowercased {
            return false
        }
        return true
    }
}
