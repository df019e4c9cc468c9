/// A field name the gateway gives meaning to (RFC 9110 §5.1); every other name is `other` and passes
/// untouched.
///
/// Recognized once, while the head is parsed, so that no later stage compares names again.
public enum FieldName: UInt8, Sendable, Hashable, CaseIterable {
    case acceptEncoding, age, authorization, cacheControl, cacheStatus, connection, contentEncoding
    case contentLength, contentType, cookie, date, eTag, expect, expires, forwarded, host
    case http2Settings, ifMatch, ifModifiedSince, ifNoneMatch, ifRange, ifUnmodifiedSince, keepAlive
    case lastModified, location, maxForwards, pragma, proxyAuthenticate, proxyAuthenticationInfo
    case proxyAuthorization, proxyConnection, proxyStatus, range, rateLimit, rateLimitPolicy, retryAfter
    case server, setCookie, te, trailer, transferEncoding, upgrade, userAgent, vary, via, wwwAuthenticate
    case xForwardedFor, xForwardedHost, xForwardedProto, xRealIP, xRequestID
    case other

    /// The name in lower case; empty for `other`.
    @inline(__always)
    public var lowercased: StaticString {
        switch self {
        case .acceptEncoding: "accept-encoding"
        case .age: "age"
        case .authorization: "authorization"
        case .cacheControl: "cache-control"
        case .cacheStatus: "cache-status"
        case .connection: "connection"
        case .contentEncoding: "content-encoding"
        case .contentLength: "content-length"
        case .contentType: "content-type"
        case .cookie: "cookie"
        case .date: "date"
        case .eTag: "etag"
        case .expect: "expect"
        case .expires: "expires"
        case .forwarded: "forwarded"
        case .host: "host"
        case .http2Settings: "http2-settings"
        case .ifMatch: "if-match"
        case .ifModifiedSince: "if-modified-since"
        case .ifNoneMatch: "if-none-match"
        case .ifRange: "if-range"
        case .ifUnmodifiedSince: "if-unmodified-since"
        case .keepAlive: "keep-alive"
        case .lastModified: "last-modified"
        case .location: "location"
        case .maxForwards: "max-forwards"
        case .pragma: "pragma"
        case .proxyAuthenticate: "proxy-authenticate"
        case .proxyAuthenticationInfo: "proxy-authentication-info"
        case .proxyAuthorization: "proxy-authorization"
        case .proxyConnection: "proxy-connection"
        case .proxyStatus: "proxy-status"
        case .range: "range"
        case .rateLimit: "ratelimit"
        case .rateLimitPolicy: "ratelimit-policy"
        case .retryAfter: "retry-after"
        case .server: "server"
        case .setCookie: "set-cookie"
        case .te: "te"
        case .trailer: "trailer"
        case .transferEncoding: "transfer-encoding"
        case .upgrade: "upgrade"
        case .userAgent: "user-agent"
        case .vary: "vary"
        case .via: "via"
        case .wwwAuthenticate: "www-authenticate"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedHost: "x-forwarded-host"
        case .xForwardedProto: "x-forwarded-proto"
        case .xRealIP: "x-real-ip"
        case .xRequestID: "x-request-id"
        case .other: ""
        }
    }

    /// Recognizes a name without regard to ASCII case. The length decides first, so most names cost one
    /// compare.
    public init(_ name: Span<UInt8>) {
        switch name.count {
        case 2: self = name.first(of: .te)
        case 3: self = name.first(of: .age, .via)
        case 4: self = name.first(of: .host, .date, .eTag, .vary)
        case 5: self = name.first(of: .range)
        case 6: self = name.first(of: .cookie, .expect, .pragma, .server)
        case 7: self = name.first(of: .expires, .trailer, .upgrade)
        case 8: self = name.first(of: .ifMatch, .ifRange, .location)
        case 9: self = name.first(of: .forwarded, .rateLimit, .xRealIP)
        case 10: self = name.first(of: .connection, .userAgent, .keepAlive, .setCookie)
        case 11: self = name.first(of: .retryAfter)
        case 12: self = name.first(of: .contentType, .xRequestID, .cacheStatus, .maxForwards, .proxyStatus)
        case 13: self = name.first(of: .authorization, .cacheControl, .ifNoneMatch, .lastModified)
        case 14: self = name.first(of: .contentLength, .http2Settings)
        case 15: self = name.first(of: .acceptEncoding, .xForwardedFor)
        case 16:
            self = name.first(
                of: .contentEncoding, .proxyConnection, .rateLimitPolicy, .wwwAuthenticate, .xForwardedHost)
        case 17: self = name.first(of: .transferEncoding, .ifModifiedSince, .xForwardedProto)
        case 18: self = name.first(of: .proxyAuthenticate)
        case 19: self = name.first(of: .proxyAuthorization, .ifUnmodifiedSince)
        case 25: self = name.first(of: .proxyAuthenticationInfo)
        default: self = .other
        }
    }

    /// Whether the field belongs to one connection only and is never forwarded (RFC 9110 §7.6.1). `TE`,
    /// `Trailer` and `Upgrade` count: the gateway drops trailers and refuses to switch protocols.
    public var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization,
            .proxyAuthenticationInfo, .te, .trailer, .transferEncoding, .upgrade, .http2Settings:
            true
        default: false
        }
    }
}

extension Span where Element == UInt8 {
    /// The candidate whose name these bytes spell, or `other`. Candidates have the length of the bytes.
    /// Inlined, so that each comparison is one with constant words.
    @inline(__always)
    fileprivate func first(_ a: FieldName) -> FieldName {
        equalsIgnoringCase(a.lowercased) ? a : .other
    }
    @inline(__always)
    fileprivate func first(of a: FieldName) -> FieldName { first(a) }
    @inline(__always)
    fileprivate func first(of a: FieldName, _ b: FieldName) -> FieldName {
        equalsIgnoringCase(a.lowercased) ? a : first(b)
    }
    @inline(__always)
    fileprivate func first(of a: FieldName, _ b: FieldName, _ c: FieldName) -> FieldName {
        equalsIgnoringCase(a.lowercased) ? a : first(of: b, c)
    }
    @inline(__always)
    fileprivate func first(of a: FieldName, _ b: FieldName, _ c: FieldName, _ d: FieldName) -> FieldName {
        equalsIgnoringCase(a.lowercased) ? a : first(of: b, c, d)
    }
    @inline(__always)
    fileprivate func first(
        of a: FieldName, _ b: FieldName, _ c: FieldName, _ d: FieldName, _ e: FieldName
    ) -> FieldName {
        equalsIgnoringCase(a.lowercased) ? a : first(of: b, c, d, e)
    }
}
