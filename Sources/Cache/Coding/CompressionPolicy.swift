import HTTPModel

/// Which stored answers are given in a coding, and how much work is put into that.
public struct CompressionPolicy: Sendable, Hashable {
    /// zlib's level, 1–9; zero for no gzip. [6]
    public var gzipLevel = 6
    /// Zstandard's level, 1–9; zero for no zstd. [3]
    public var zstdLevel = 3
    /// The smallest body that is worth it, in bytes. [1 KiB]
    public var minimumBytes = 1_024

    /// The defaults.
    public init() {}

    /// No compression at all.
    public static var off: CompressionPolicy {
        var policy = CompressionPolicy()
        policy.gzipLevel = 0
        policy.zstdLevel = 0
        return policy
    }

    /// The codings that are made.
    public var codings: ContentCodings {
        // Part of every hit of a client that accepts codings: no list is made.
        var codings: ContentCodings = []
        if zstdLevel > 0 { codings.formUnion(.zstd) }
        if gzipLevel > 0 { codings.formUnion(.gzip) }
        return codings
    }

    /// Whether an answer that is stored may be given in a coding: text of some size that nothing says must
    /// stay as it is.
    func covers(_ head: ResponseHead, byteCount: Int) -> Bool {
        guard zstdLevel > 0 || gzipLevel > 0, head.status == .ok, byteCount >= minimumBytes else {
            return false
        }
        let bytes = head.bytes.span
        var isText = false
        var control = CacheControl()
        for line in head.fields {
            let value = bytes.extracting(line.value.range)
            switch line.known {
            case .contentType: isText = Self.isText(value)
            case .contentEncoding: return false
            case .cacheControl: control.read(value)
            case .other: if bytes.extracting(line.name.range).describesTheseBytes { return false }
            default: break
            }
        }
        // RFC 9111 §5.2.2.6: nobody on the way may change the content.
        return isText && !control.noTransform
    }

    /// Whether a media type is JSON or text.
    private static func isText(_ type: Span<UInt8>) -> Bool {
        var end = 0
        while end < type.count, type[end] != UInt8(ascii: ";"), !type[end].isBlank { end += 1 }
        let name = type.extracting(first: end)
        return name.equalsIgnoringCase("application/json")
            || name.count > 5 && name.extracting(first: 5).equalsIgnoringCase("text/")
    }
}

extension Span where Element == UInt8 {
    /// Whether a field of this name is a digest of the content as it is, which another coding would belie.
    var describesTheseBytes: Bool {
        equalsIgnoringCase("content-digest") || equalsIgnoringCase("repr-digest")
            || equalsIgnoringCase("digest") || equalsIgnoringCase("content-md5")
    }
}
