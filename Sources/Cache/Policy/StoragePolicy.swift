public import HTTPModel

/// Whether an answer may be kept, and why not.
public enum StorageDecision: Sendable, Hashable {
    case store(Freshness)
    case notStored(StorageRefusal)
}

/// Why an answer is not stored. Policy refusals come first; the last two are found when the body is whole.
public enum StorageRefusal: Sendable, Hashable, CaseIterable {
    /// Only answers to GET are stored.
    case method
    /// The request carried something that is in no key.
    case bypass
    /// The request said `no-store`.
    case requestNoStore
    /// Only 200 is stored, and 404 where the route keeps it.
    case status
    /// A part of something, whatever the status says.
    case contentRange
    /// The end of the body is known only by the connection's end.
    case unframed
    /// More than one entry may take.
    case tooLarge
    /// The upstream said `no-store`.
    case noStore
    /// The upstream said `no-cache`.
    case noCache
    /// The upstream's Cache-Control cannot be read.
    case malformedDirectives
    /// A cookie belongs to one client.
    case setCookie
    /// `Vary` names something the key does not hold.
    case vary
    /// The key holds no coding, so only plain content is stored.
    case contentEncoded
    /// Nothing of its lifetime is left.
    case expired
    /// Something of this tenant was written or purged while the answer was under way.
    case generationPassed
    /// Everything was in use that could have made room, or the memory bound is below one entry.
    case noRoom

    /// The word in `Cache-Status`, logs and metrics.
    public var token: StaticString {
        switch self {
        case .method: "method"
        case .bypass: "bypass"
        case .requestNoStore: "request-no-store"
        case .status: "status"
        case .contentRange: "content-range"
        case .unframed: "unframed"
        case .tooLarge: "too-large"
        case .noStore: "no-store"
        case .noCache: "no-cache"
        case .malformedDirectives: "malformed-directives"
        case .setCookie: "set-cookie"
        case .vary: "vary"
        case .contentEncoded: "content-encoded"
        case .expired: "expired"
        case .generationPassed: "generation-passed"
        case .noRoom: "no-room"
        }
    }
}

/// The rules of storing (RFC 9111 §3) for a cache whose partitions belong to one tenant and credential each.
///
/// By contract with the operator who configures a lifetime on a route, two rules of a shared cache do not
/// apply inside a partition: an answer to a request with Authorization may be stored (§3.5), and so may one
/// marked `private`. The user that both protect is the partition's owner, and nobody else ever sees the
/// entry.
public enum StoragePolicy {
    /// An answer as far as its head tells, with the request that asked for it.
    public struct Subject: Sendable {
        let request: CacheRequest
        let response: ResponseHead
        let framing: ContentFraming
        let timing: FetchTiming
        let keepsNotFound: Bool

        /// Puts the parts together. `keepsNotFound` says that a 404 is an answer worth keeping.
        public init(
            request: CacheRequest, response: ResponseHead, framing: ContentFraming, timing: FetchTiming,
            keepsNotFound: Bool = false
        ) {
            self.keepsNotFound = keepsNotFound
            self.request = request
            self.response = response
            self.framing = framing
            self.timing = timing
        }
    }

    /// Decides as soon as the head is there, so that an answer that will not be stored is not collected
    /// either.
    public static func decide(
        _ subject: Subject, routeLifetime: Duration, staleness: Staleness = .none, maximumEntryBytes: Int
    ) -> StorageDecision {
        if let refusal = refusal(of: subject.request) ?? refusal(of: subject) {
            return .notStored(refusal)
        }
        switch subject.framing {
        // RFC 9112 §8: a body that ends with the connection may have lost its end.
        case .untilClose: return .notStored(.unframed)
        case .length(let length) where length > UInt64(max(0, maximumEntryBytes)):
            return .notStored(.tooLarge)
        case .none, .length, .chunked: break
        }
        let directives = UpstreamDirectives(subject.response)
        if directives.control.noStore { return .notStored(.noStore) }
        if directives.control.noCache { return .notStored(.noCache) }
        if directives.control.isMalformed { return .notStored(.malformedDirectives) }
        guard
            let freshness = Freshness(
                of: subject.response, by: directives, routeLifetime: routeLifetime, staleness: staleness,
                timing: subject.timing)
        else { return .notStored(.expired) }
        return .store(freshness)
    }

    private static func refusal(of request: CacheRequest) -> StorageRefusal? {
        if request.method != .get { return .method }
        if request.bypass != nil { return .bypass }
        return request.forbidsStoring ? .requestNoStore : nil
    }

    private static func refusal(of subject: Subject) -> StorageRefusal? {
        let response = subject.response
        let bytes = response.bytes.span
        for line in response.fields where line.known == .other {
            // RFC 9110 §14.4: Content-Range marks a part.
            if bytes.extracting(line.name.range).equalsIgnoringCase("content-range") { return .contentRange }
        }
        guard response.status == .ok || response.status == .notFound && subject.keepsNotFound else {
            return .status
        }
        for line in response.fields {
            let value = bytes.extracting(line.value.range)
            switch line.known {
            case .setCookie: return .setCookie
            case .vary where !isCovered(vary: value): return .vary
            case .contentEncoding where !value.equalsIgnoringCase("identity"): return .contentEncoded
            default: break
            }
        }
        return nil
    }

    /// Whether every name in a Vary line is one that all requests of a key share: Authorization is the
    /// partition, Accept-Encoding is set by the gateway, and requests with Origin never get here (RFC 9111
    /// §4.1).
    private static func isCovered(vary value: Span<UInt8>) -> Bool {
        var start = 0
        while start < value.count {
            var end = start
            while end < value.count, value[end] != 0x2C, !value[end].isBlank { end += 1 }
            let name = value.extracting(start..<end)
            let isKnown =
                name.isEmpty || name.equalsIgnoringCase("origin") || name.equalsIgnoringCase("authorization")
                || name.equalsIgnoringCase("accept-encoding")
            guard isKnown else { return false }
            start = end + 1
        }
        return true
    }
}
