/// A coding in which an answer can be given instead of plain (RFC 9110 §8.4.1).
public enum ContentCoding: UInt8, Sendable, Hashable, CaseIterable {
    /// RFC 8878: smaller and cheaper than gzip, so it comes first where a client likes both alike.
    case zstd
    /// RFC 1952.
    case gzip

    /// The name in `Content-Encoding`, and what tells an answer's entity tag from that of the plain one.
    public var token: StaticString {
        switch self {
        case .zstd: "zstd"
        case .gzip: "gzip"
        }
    }

    /// What takes the place of the last quote of the plain answer's entity tag in that of one in this coding
    /// (RFC 9110 §8.8.3.3).
    public var tagEnd: StaticString {
        switch self {
        case .zstd: "-zstd\""
        case .gzip: "-gzip\""
        }
    }
}
