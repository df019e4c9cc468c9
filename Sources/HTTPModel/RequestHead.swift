/// The head of a request: offsets into the bytes it was parsed from, and what framing and routing need to
/// know.
///
/// One value is reused for all requests of a worker, so that parsing allocates nothing; it is only meaningful
/// together with the bytes it was parsed from. Every range lies inside these bytes.
public struct RequestHead: Sendable {
    /// The method, recognized.
    public var method: Method = .other
    /// The method as it came, for `other`.
    public var methodText: ByteRange = .empty
    /// The request target as it came (RFC 9112 §3.2).
    public var target: ByteRange = .empty
    /// The path part of the target, still encoded, beginning with `/`; `*` for the asterisk form.
    public var path: ByteRange = .empty
    /// The query after the first `?`, without it; empty when there is none.
    public var query: ByteRange = .empty
    /// Whether the target had a `?` at all: `/a?` and `/a` are different targets.
    public var hasQuery = false
    /// The authority of the request: from the absolute form if it was used (RFC 9112 §3.2.2), else from Host.
    /// Validated; empty only in HTTP/1.0 without Host.
    public var authority: ByteRange = .empty
    /// The protocol version.
    public var version: HTTPVersion = .http11
    /// All field lines in their order.
    public var fields: [FieldLine] = []
    /// How the content is delimited.
    public var framing: ContentFraming = .none
    /// Whether the connection may carry another request after this one (RFC 9112 §9.3).
    public var keepsAlive = true
    /// Whether the client waits for `100 Continue` (RFC 9110 §10.1.1).
    public var expectsContinue = false
    /// `Max-Forwards`, where it is present and a number (RFC 9110 §7.6.2).
    public var maxForwards: UInt32?
    /// Whether a `Connection` field was present: if so, its nominated fields must be removed (RFC 9110
    /// §7.6.1).
    public var hasConnectionField = false

    /// An empty head with room for `fieldCapacity` lines.
    public init(fieldCapacity: Int = 64) {
        fields.reserveCapacity(fieldCapacity)
    }

    /// Empties the head and keeps its memory.
    public mutating func reset() {
        method = .other
        methodText = .empty
        target = .empty
        path = .empty
        query = .empty
        hasQuery = false
        authority = .empty
        version = .http11
        fields.removeAll(keepingCapacity: true)
        framing = .none
        keepsAlive = true
        expectsContinue = false
        maxForwards = nil
        hasConnectionField = false
    }

    /// The first line with a known name, or `nil`. Linear in the number of lines.
    public func firstIndex(of name: FieldName) -> Int? {
        let lines = fields.span
        for index in lines.indices where lines[index].known == name { return index }
        return nil
    }

    /// The value of the first line with a known name, or `nil`.
    public func firstValue(of name: FieldName) -> ByteRange? {
        guard let index = firstIndex(of: name) else { return nil }
        return fields[index].value
    }

    /// How many lines have a known name.
    public func count(of name: FieldName) -> Int {
        var count = 0
        let lines = fields.span
        for index in lines.indices where lines[index].known == name { count += 1 }
        return count
    }
}
