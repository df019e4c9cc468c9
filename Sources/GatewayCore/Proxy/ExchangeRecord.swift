package import Cache
package import HTTPModel

/// What is known of one exchange, gathered on its way down the corridor and written down once at its end.
package struct ExchangeRecord {
    /// When the first byte of the head came.
    package let headBeganAt: MonotonicInstant
    /// When the head was whole, and the request was taken up.
    package let startedAt: MonotonicInstant
    /// The request's method.
    package let method: Method
    /// The request's version.
    package let version: HTTPVersion
    /// The client's address.
    package let address: IPAddress
    /// The version of the TLS on the client's connection, if it has any.
    package let tls: TLSVersion?
    /// Where in the request's bytes the client says what it is. The bytes are there as long as the request is
    /// at hand; an exchange that goes on without them keeps a copy.
    package let userAgent: ByteRange
    /// Whether the connection may carry another exchange.
    package var persistence: Persistence
    /// The route, once it is known.
    package var route: Route?
    /// The tenant, once it is known.
    package var tenant: TenantContext?
    /// The token, once it is known to be real.
    package var token: TokenID?
    /// The limits the request is held to.
    package var limits: LimitPlan?
    /// What they have left.
    package var report = LimitReport()
    /// The page size a list request asks for; the default before its query was read.
    package var pageSize: Int?
    /// How the cache took part.
    package var cacheStatus: CacheStatus?
    /// The status of the answer.
    package var status = Status(rawValue: 0)
    /// The reason of a refusal.
    package var refusal: String?
    /// Bytes of head and content that came from the client.
    package var receivedBytes: UInt64
    /// Bytes of head and content that went to the client.
    package var sentBytes: UInt64 = 0
    /// When all decisions were made and waiting began, for the upstream or for another exchange's fetch.
    package var decidedAt: MonotonicInstant?
    /// Nanoseconds spent waiting for another exchange's fetch.
    package var collapseNanoseconds: UInt64 = 0
    /// When the first piece of an answer that comes in pieces was written.
    package var answerBeganAt: MonotonicInstant?
    /// The upstream's status.
    package var upstreamStatus: Status?
    /// When the upstream was asked.
    package var upstreamAskedAt: MonotonicInstant?
    /// When the upstream's head came.
    package var upstreamHeadAt: MonotonicInstant?
    /// When the upstream's answer was whole, or had failed.
    package var upstreamEndedAt: MonotonicInstant?

    /// The record of a request whose head has been read.
    package init(_ head: RequestHead, _ downstream: Downstream, receivedBytes: Int) {
        headBeganAt = downstream.headBeganAt
        startedAt = downstream.startedAt
        method = head.method
        version = head.version
        address = downstream.address
        tls = downstream.tls
        userAgent = head.firstValue(of: .userAgent) ?? .empty
        persistence = head.keepsAlive && !downstream.isLast ? .keep : .close
        self.receivedBytes = UInt64(receivedBytes)
    }

    /// The record of bytes that are no request.
    package init(_ downstream: Downstream) {
        headBeganAt = downstream.headBeganAt
        startedAt = downstream.startedAt
        method = .other
        version = .http11
        address = downstream.address
        tls = downstream.tls
        userAgent = .empty
        persistence = .close
        receivedBytes = 0
    }

    /// What the client calls itself, as much of it as a log line shows.
    func userAgent(in bytes: Span<UInt8>) -> [UInt8] {
        let count = min(Int(userAgent.count), AccessLog.maximumUserAgentBytes)
        return bytes.extracting(userAgent.range).extracting(first: count).array
    }

    /// What the answer carries of all this.
    var terms: AnswerTerms {
        AnswerTerms(
            method: method, persistence: persistence, version: version, limits: limits, report: report,
            cacheStatus: cacheStatus)
    }
}
