/// The protocol version of a message.
public enum HTTPVersion: UInt8, Sendable, Hashable {
    case http10, http11, http2
}
