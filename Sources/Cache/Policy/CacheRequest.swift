public import HTTPModel

/// Why a request on a cached route is neither answered from the cache nor stored.
public enum CacheBypass: Sendable, Hashable, CaseIterable {
    /// It carries `Origin`: the upstream varies its CORS fields by it.
    case originField
    /// It asks for a part; the upstream knows its parts best.
    case range
    /// It has content, which is in no key.
    case content
    /// Its query is outside the model, so two spellings might mean the same, or one spelling two things.
    case opaqueQuery

    /// The word in `Cache-Status` and logs.
    public var token: StaticString {
        switch self {
        case .originField: "origin"
        case .range: "range"
        case .content: "content"
        case .opaqueQuery: "opaque-query"
        }
    }
}

/// What the cache must know about a request, taken down while its bytes are still there.
///
/// Client directives that force a forward (`no-cache`, `max-age=0`) are ignored by policy: the gateway
/// protects the origin, and a reload key must not become a way past the cache. `no-store` is honoured where
/// it matters: the answer is not kept.
public struct CacheRequest: Sendable, Hashable {
    /// The method that is sent upstream.
    public var method: Method
    /// Why the cache stays out of it, if it does.
    public var bypass: CacheBypass?
    /// Whether it carries `If-None-Match`: the client has something that may still be right.
    public let isConditional: Bool
    /// Which codings it accepts.
    public let codings: AcceptedCodings
    /// `Cache-Control: no-store`.
    public let forbidsStoring: Bool

    /// Whether the request may be looked up: a GET, or a HEAD that a stored GET can answer, without a bypass.
    public var isLookedUp: Bool { (method == .get || method == .head) && bypass == nil }

    /// Reads the head of a request. One pass over its fields, no allocation.
    public init(_ head: borrowing RequestHead, bytes: Span<UInt8>) {
        method = head.method
        var control = CacheControl()
        var bypass: CacheBypass? = head.framing == .none || head.framing == .length(0) ? nil : .content
        var isConditional = false
        var codings = AcceptedCodings.unsaid
        let lines = head.fields.span
        for index in lines.indices {
            let line = lines[index]
            switch line.known {
            case .cacheControl: control.read(bytes.extracting(line.value.range))
            case .ifNoneMatch: isConditional = true
            case .acceptEncoding: codings.read(bytes.extracting(line.value.range))
            case .range: bypass = bypass ?? .range
            case .other:
                if line.name.count == 6, bytes.extracting(line.name.range).equalsIgnoringCase("origin") {
                    bypass = bypass ?? .originField
                }
            default: break
            }
        }
        self.bypass = bypass
        self.isConditional = isConditional
        self.codings = codings
        forbidsStoring = control.noStore
    }
}
