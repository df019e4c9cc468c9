/// A request exactly as it came over the wire: the evidence of what the gateway really sends.
///
/// FlyingFox's own request type keeps one value per field name and no order, so it could not show a second
/// `Authorization`; that is why the stand-in reads requests itself.
public struct RecordedRequest: Sendable {
    /// Which connection it came on, counted from 1 since the start.
    public let connection: Int
    /// Every byte of the head, from the method to the empty line.
    public let head: [UInt8]
    /// The method as sent.
    public let method: String
    /// The request target as sent.
    public let target: String
    /// `HTTP/1.1` or `HTTP/1.0`.
    public let version: String
    /// All fields in the order received, names as sent, values without the white space around.
    public let fields: [(name: String, value: String)]
    /// The content, without its chunks.
    public let body: [UInt8]

    /// All values of a field, in order; the name compares without case.
    public func values(_ name: String) -> [String] {
        let lowercased = name.lowercased()
        return fields.filter { $0.name.lowercased() == lowercased }.map(\.value)
    }

    /// The target up to the first `?`.
    public var path: String {
        String(target.prefix { $0 != "?" })
    }

    /// The target after the first `?`; empty when there is none.
    public var query: String {
        String(target.drop { $0 != "?" }.dropFirst())
    }
}
