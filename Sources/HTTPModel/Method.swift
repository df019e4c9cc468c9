/// A request method (RFC 9110 §9).
///
/// Methods are case-sensitive. `other` stands for any registered or private token the gateway gives no
/// meaning to; its spelling stays in `RequestHead.methodText` and is forwarded as it came.
public enum Method: UInt8, Sendable, Hashable, CaseIterable {
    case get, head, post, put, patch, delete, options, trace, connect, query, other

    /// Recognizes the exact spelling; any other token is `other`.
    public init(_ bytes: Span<UInt8>) {
        switch bytes.count {
        case 3:
            if bytes.equals("GET") {
                self = .get
            } else if bytes.equals("PUT") {
                self = .put
            } else {
                self = .other
            }
        case 4:
            if bytes.equals("POST") {
                self = .post
            } else if bytes.equals("HEAD") {
                self = .head
            } else {
                self = .other
            }
        case 5:
            if bytes.equals("PATCH") {
                self = .patch
            } else if bytes.equals("TRACE") {
                self = .trace
            } else if bytes.equals("QUERY") {
                self = .query
            } else {
                self = .other
            }
        case 6: self = bytes.equals("DELETE") ? .delete : .other
        case 7:
            if bytes.equals("OPTIONS") {
                self = .options
            } else if bytes.equals("CONNECT") {
                self = .connect
            } else {
                self = .other
            }
        default: self = .other
        }
    }

    /// Whether the request asks for no change of state (RFC 9110 §9.2.1). An unknown method is never safe.
    public var isSafe: Bool {
        switch self {
        case .get, .head, .options, .trace, .query: true
        case .post, .put, .patch, .delete, .connect, .other: false
        }
    }

    /// The method's spelling; `nil` for `other`, whose spelling only the request knows.
    public var name: StaticString? {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .connect: "CONNECT"
        case .query: "QUERY"
        case .other: nil
        }
    }
}
