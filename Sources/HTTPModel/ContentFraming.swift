/// How the length of a message's content is known (RFC 9112 §6).
public enum ContentFraming: Sendable, Hashable {
    /// No content follows the head.
    case none
    /// Exactly so many bytes follow; may be zero, which differs from `none` in that a length was given.
    case length(UInt64)
    /// Chunks follow (RFC 9112 §7.1).
    case chunked
    /// The content ends where the connection ends; responses only (RFC 9112 §6.3 rule 8).
    case untilClose
}
