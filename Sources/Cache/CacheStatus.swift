public import HTTPModel

/// How the cache took part in an answer, in the terms of RFC 9211.
public enum CacheStatus: Sendable, Hashable {
    /// Answered from the cache; `ttlSeconds` of freshness remain, a negative number if the answer was stale.
    case hit(ttlSeconds: Int64)
    /// Answered from the cache with something whose time is over, while a new one is fetched.
    case staleHit(ttlSeconds: Int64)
    /// Answered from the cache, read off a page that was stored for another question.
    case slice(ttlSeconds: Int64)
    /// The request went on to the upstream.
    case forward(CacheForward)

    /// Whether the cache answered by itself.
    public var isHit: Bool {
        switch self {
        case .hit, .slice, .staleHit: true
        case .forward: false
        }
    }

    /// The one word for logs and metrics: a closed set.
    public var word: CacheResult {
        switch self {
        case .hit: .hit
        case .slice: .pageSlice
        case .staleHit: .staleHit
        case .forward(let forward):
            if forward.detail == .staleOnError {
                .staleOnError
            } else if forward.role == .collapsed {
                .collapsed
            } else {
                forward.reason.word
            }
        }
    }

    /// Appends the member of this cache: `kayle-gateway; hit; ttl=3`. No allocation while capacity lasts; 96
    /// bytes are always enough.
    public func append(to bytes: inout [UInt8]) {
        bytes.append("kayle-gateway")
        switch self {
        case .hit(let ttlSeconds):
            bytes.append("; hit; ttl=")
            bytes.append(decimal: ttlSeconds)
        case .staleHit(let ttlSeconds):
            bytes.append("; hit; ttl=")
            bytes.append(decimal: ttlSeconds)
            bytes.append("; detail=swr")
        case .slice(let ttlSeconds):
            bytes.append("; hit; ttl=")
            bytes.append(decimal: ttlSeconds)
            bytes.append("; detail=page-slice")
        case .forward(let forward):
            bytes.append("; fwd=")
            bytes.append(forward.reason.token)
            if let status = forward.status {
                bytes.append("; fwd-status=")
                bytes.append(decimal: Int64(status.rawValue))
            }
            switch forward.role {
            case .stored: bytes.append("; stored")
            case .collapsed: bytes.append("; collapsed")
            case .single: break
            }
            if let detail = forward.detail {
                bytes.append("; detail=")
                bytes.append(detail.token)
            }
        }
    }
}

/// A request that the cache did not answer by itself.
public struct CacheForward: Sendable, Hashable {
    /// Why it went on.
    public var reason: ForwardReason
    /// The status that came back; absent if nothing did, or another request fetched it.
    public var status: Status?
    /// Whose fetch it was and what became of it.
    public var role: ForwardRole
    /// Why the answer was not stored, or the request not looked up.
    public var detail: ForwardDetail?

    /// Puts the parts together.
    public init(
        _ reason: ForwardReason, status: Status? = nil, role: ForwardRole = .single,
        detail: ForwardDetail? = nil
    ) {
        self.reason = reason
        self.status = status
        self.role = role
        self.detail = detail
    }
}

/// Why a request went on to the upstream (RFC 9211 §2.2).
public enum ForwardReason: String, Sendable, Hashable, CaseIterable {
    /// The gateway was told, or decided, not to look up this request.
    case bypass
    /// The method is never answered from the cache.
    case method
    /// Nothing is stored under this key.
    case uriMiss
    /// Something is stored, but no longer fresh.
    case stale

    var token: StaticString {
        switch self {
        case .bypass: "bypass"
        case .method: "method"
        case .uriMiss: "uri-miss"
        case .stale: "stale"
        }
    }

    var word: CacheResult {
        switch self {
        case .bypass: .bypass
        case .method: .method
        case .uriMiss: .uriMiss
        case .stale: .stale
        }
    }
}

/// What became of a forwarded request's answer.
public enum ForwardRole: Sendable, Hashable {
    /// It fetched for itself alone, and the answer was not stored.
    case single
    /// Its answer was stored.
    case stored
    /// It waited for another request's fetch and took that answer.
    case collapsed
}

/// The `detail` parameter: a bypass, a reason not to store, or what was given instead.
public enum ForwardDetail: Sendable, Hashable {
    case bypass(CacheBypass)
    case notStored(StorageRefusal)
    /// The upstream failed, and something whose time is over was given in place of that.
    case staleOnError
    /// A larger page was asked for, and the answer read off it.
    case widened
    /// The answer was passed on while it arrived; whether it can be stored was not known yet.
    case streamed
    /// The answer was read off the larger page that another request fetched.
    case pageSlice

    var token: StaticString {
        switch self {
        case .staleOnError: "sie"
        case .widened: "widened"
        case .streamed: "streamed"
        case .pageSlice: "page-slice"
        case .bypass(let bypass): bypass.token
        case .notStored(let refusal): refusal.token
        }
    }
}

/// The values of the metric label `result` and of the log field `cache`.
public enum CacheResult: UInt8, Sendable, Hashable, CaseIterable {
    case hit, pageSlice, staleHit, staleOnError, uriMiss, stale, collapsed, bypass, method

    /// The word, as a literal for log lines that are written without allocation.
    public var text: StaticString {
        switch self {
        case .hit: "hit"
        case .pageSlice: "page-slice"
        case .staleHit: "stale-hit"
        case .staleOnError: "stale-on-error"
        case .uriMiss: "uri-miss"
        case .stale: "stale"
        case .collapsed: "collapsed"
        case .bypass: "bypass"
        case .method: "method"
        }
    }
}
