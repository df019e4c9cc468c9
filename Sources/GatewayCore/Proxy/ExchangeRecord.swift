package import Cache
package import HTTPModel

/// What is known of one exchange, gathered on its way down the corridor and written down once at its end.
///
/// Borrows the snapshot, which the pipeline holds during each event and an exchange for as long as it lives;
/// route and tenant are positions in it. So a cached answer counts no reference to what all workers share.
package struct ExchangeRecord {
    /// What the exchange is judged by, the same until it ends.
    let judge: Borrowed<ConfigurationSnapshot>
    /// When the first byte of the head came.
    package let headBeganAt: MonotonicInstant
    /// When the head was whole, and the request was taken up.
    package let startedAt: MonotonicInstant
    /// The client's address.
    package let address: IPAddress
    /// The version of the TLS on the client's connection, if it has any.
    package let tls: TLSVersion?
    /// Where in the request's bytes the client says what it is. The bytes are there as long as the request is
    /// at hand; an exchange that goes on without them keeps a copy.
    package let userAgent: ByteRange
    /// What the answer says of the gateway's part in it.
    package var terms: AnswerTerms
    /// The route's position, once it is known.
    package var routeIndex: Int?
    /// The tenant's position, once it is known.
    package var tenantIndex: Int?
    /// The token, once it is known to be real.
    package var token: TokenID?
    /// The page size a list request asks for; the default before its query was read.
    package var pageSize: Int?
    /// The status of the answer.
    package var status = Status(rawValue: 0)
    /// The reason of a refusal.
    package var refusal: RefusalReason?
    /// The limit it was refused for, or would have been if the limit were not in shadow.
    package var limit: LabelValue?
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
    package init(
        _ head: borrowing RequestHead, _ downstream: Downstream, _ judge: Borrowed<ConfigurationSnapshot>,
        receivedBytes: Int
    ) {
        self.judge = judge
        headBeganAt = downstream.headBeganAt
        startedAt = downstream.startedAt
        terms = AnswerTerms(
            method: head.method, persistence: head.keepsAlive && !downstream.isLast ? .keep : .close,
            version: head.version)
        address = downstream.address
        tls = downstream.tls
        userAgent = head.firstValue(of: .userAgent) ?? .empty
        self.receivedBytes = UInt64(receivedBytes)
    }

    /// The record of a request that says what one before on its connection said, judged by the same snapshot.
    init(
        _ repeated: borrowing RepeatedRequest, _ downstream: Downstream,
        _ judge: Borrowed<ConfigurationSnapshot>
    ) {
        self.judge = judge
        headBeganAt = downstream.headBeganAt
        startedAt = downstream.startedAt
        terms = repeated.terms
        address = downstream.address
        tls = downstream.tls
        userAgent = .empty
        receivedBytes = UInt64(repeated.headByteCount)
        routeIndex = repeated.routeIndex
        tenantIndex = repeated.tenantIndex
        token = repeated.token
        pageSize = repeated.pageSize
    }

    /// The record of bytes that are no request.
    package init(_ downstream: Downstream, _ judge: Borrowed<ConfigurationSnapshot>) {
        self.judge = judge
        headBeganAt = downstream.headBeganAt
        startedAt = downstream.startedAt
        terms = AnswerTerms(method: .other, persistence: .close, version: .http11)
        address = downstream.address
        tls = downstream.tls
        userAgent = .empty
        receivedBytes = 0
    }

    /// Where the request says what the client calls itself, as much of it as a log line shows.
    var shownUserAgent: Range<Int> {
        let start = Int(userAgent.start)
        return start..<(start + min(Int(userAgent.count), AccessLog.maximumUserAgentBytes))
    }

    /// What the exchange is judged by, to be kept.
    package var snapshot: ConfigurationSnapshot { judge.object }

    /// The route, once it is known.
    @inline(__always)
    package var route: Route? { borrowedRoute?.object }

    /// The same for whoever only looks.
    @inline(__always)
    var borrowedRoute: Borrowed<Route>? {
        guard let routeIndex else { return nil }
        return judge.read { Borrowed($0.routes.routes[routeIndex]) }
    }

    /// The tenant, once it is known.
    @inline(__always)
    package var tenant: TenantContext? { borrowedTenant?.object }

    /// The same for whoever only looks.
    @inline(__always)
    var borrowedTenant: Borrowed<TenantContext>? {
        guard let tenantIndex else { return nil }
        return judge.read { Borrowed($0.tenants[tenantIndex]) }
    }

    /// The route's number in metrics.
    @inline(__always)
    var routeLabel: LabelValue {
        guard let routeIndex else { return .other }
        return judge.read { $0.routeNumbers[routeIndex].label }
    }

    /// Who shares the route's answers; `nil` if they are not kept.
    @inline(__always)
    var sharing: RouteCacheConfiguration.Sharing? {
        guard let routeIndex else { return nil }
        return judge.read { $0.routeNumbers[routeIndex].sharing }
    }

    /// Whose part of the cache the answers to this request are in; once its route is known to have one.
    @inline(__always)
    var partition: CachePartition { borrowedPartition.object }

    /// The same for whoever only looks.
    @inline(__always)
    var borrowedPartition: Borrowed<CachePartition> {
        guard let routeIndex else { preconditionFailure("a part of the cache without a route") }
        return judge.read { $0.partition(tenant: tenantIndex, route: routeIndex) }
    }

    /// The tenant's numbers, once it is known.
    @inline(__always)
    var tenantNumbers: TenantNumbers? {
        guard let tenantIndex else { return nil }
        return judge.read { $0.tenantNumbers[tenantIndex] }
    }

    /// The request's method.
    package var method: Method { terms.method }

    /// The request's version.
    package var version: HTTPVersion { terms.version }

    /// Whether the connection may carry another exchange.
    package var persistence: Persistence {
        get { terms.persistence }
        set { terms.persistence = newValue }
    }

    /// How the cache took part.
    package var cacheStatus: CacheStatus? {
        get { terms.cacheStatus }
        set { terms.cacheStatus = newValue }
    }
}
