package import Cache
package import HTTPModel

/// What is known of one exchange, gathered on its way down the corridor and written down once at its end.
package struct ExchangeRecord {
    /// When the request's bytes were taken up.
    package let startedAt: MonotonicInstant
    /// The request's method.
    package let method: Method
    /// The request's version.
    package let version: HTTPVersion
    /// The client's address.
    package let address: IPAddress
    /// Whether the client's connection has TLS.
    package let isSecure: Bool
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
        startedAt = downstream.startedAt
        method = head.method
        version = head.version
        address = downstream.address
        isSecure = downstream.isSecure
        persistence = head.keepsAlive && !downstream.isLast ? .keep : .close
        self.receivedBytes = UInt64(receivedBytes)
    }

    /// The record of bytes that are no request.
    package init(_ downstream: Downstream) {
        startedAt = downstream.startedAt
        method = .other
        version = .http11
        address = downstream.address
        isSecure = downstream.isSecure
        persistence = .close
        receivedBytes = 0
    }

    /// What the answer carries of all this.
    var terms: AnswerTerms {
        AnswerTerms(
            method: method, persistence: persistence, version: version, limits: limits, report: report,
            cacheStatus: cacheStatus)
    }
}
