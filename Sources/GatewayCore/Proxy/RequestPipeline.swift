import Cache
package import HTTPModel

/// The corridor: every request walks down these stages in this order, and all control flow between them is
/// here.
///
/// 1 accept, 2 handshake and 3 parse lie behind a request that arrives here. 4 normalize path, 5 route, 6
/// authorize, 7 normalize query, 8 limit, 9 look up and 10 collapse run to the end inside one event, without
/// waiting. 11 fetch, 12 store and 13 respond go on as the upstream answers (`RequestPipeline+Fetch`,
/// `+Store`, `+Respond`). 14 record ends every exchange.
///
/// Two safety rules sit in this order. The path is made canonical before routing, so that route, access rule,
/// cache key and upstream see one and the same path. What the query normalizer leaves out of the key is not
/// forwarded either, so that nothing unkeyed can shape a stored answer. One pipeline per worker.
package final class RequestPipeline {
    let cache: HTTPCache
    /// As whom this worker looks into it.
    let reader: CacheReader
    let limiter: RateLimiter
    let upstream: UpstreamClient
    /// The exchanges of this worker that have no answer yet.
    package internal(set) var exchanges = ExchangeTable()
    let recorder: ExchangeRecorder
    let courier: FollowerCourier
    let report: (CredentialReport) -> Void
    let failedTokens: FailedTokenLimit
    let residentBytes: () -> Int
    /// Whether one more request can go upstream.
    package var shedder: LoadShedder
    let workerIndex: UInt32
    /// What requests are judged by from now on; an exchange keeps the one it began with.
    package var snapshot: ConfigurationSnapshot

    var composer: ResponseComposer
    var identifier: RequestIdentifier
    /// The canonical request target of the request at hand: what the upstream is asked.
    var target = ByteBuffer(minimumCapacity: 1_024)
    var path = ByteBuffer(minimumCapacity: 1_024)
    /// The gateway's own fields of the answer at hand: the identifier, and what the limits have left.
    var ownFields = ByteBuffer(minimumCapacity: 1_024)
    private var query = ByteBuffer(minimumCapacity: 1_024)
    private var key = ByteBuffer(minimumCapacity: 1_024)
    private var queries = ListQueryNormalizer()
    /// The entity tag that the client of the request at hand already has.
    var tag = ByteBuffer(minimumCapacity: 128)
    var farewell = FarewellFields()
    /// What the request at hand owes its limits.
    var limited = LimitedRequest()
    /// Its place among the requests under way, until its exchange takes it over.
    var underWay: UnderWay?
    /// The stored answers that are made smaller.
    var compression: CompressionQueue
    /// What the token that the request at hand shows may do, if there is such a token, good or not.
    var shown: TokenGrant?
    /// The request that was just answered, where its connection would like to keep it.
    package var kept: RepeatedRequest?
    /// The largest page that the token of the request at hand may ask for.
    var pageCeiling = UInt32.max

    /// The instant of the event being served; set by the worker before each.
    package var now = MonotonicInstant(nanoseconds: 0)
    /// Connections whose exchanges have news; the worker takes them after each batch of events.
    package var ready: [Registration] = []
    /// Deadlines of exchanges that the worker has not scheduled yet.
    package var deadlines: [(exchange: UInt64, at: MonotonicInstant)] = []

    /// Makes a worker's pipeline.
    init(_ parts: PipelineParts, snapshot: ConfigurationSnapshot) {
        cache = parts.cache
        reader = parts.cache.makeReader()
        limiter = parts.limiter
        upstream = parts.upstream
        recorder = parts.recorder
        courier = parts.courier
        report = parts.report
        failedTokens = parts.failedTokens
        residentBytes = parts.residentBytes
        shedder = parts.shedder
        workerIndex = parts.workerIndex
        self.snapshot = snapshot
        compression = CompressionQueue(parts.cache.compression)
        composer = ResponseComposer(deployment: parts.deployment)
        identifier = RequestIdentifier(prefix: parts.identifierPrefix)
    }

    /// A fetch for the cache alone has no connection that would end it: it ends with its worker. Followers
    /// elsewhere fetch for themselves; those who have got some of the answer have to know that it is over.
    deinit {
        reader.leave()
        for exchange in exchanges.all {
            if let arriving = exchange.arriving { courier.deliver(arriving.abandon()) }
            guard let permit = exchange.permit.take() else { continue }
            courier.deliver(cache.collapser.end(permit, .goAlone))
        }
    }

    /// Takes a request whose head has been read. `head`'s ranges count from the first of `bytes`; an answer
    /// that can be given at once is written to `output`. `head` is `inout` only so that it is not copied.
    package func begin(
        _ head: inout RequestHead, _ bytes: Span<UInt8>, _ downstream: Downstream,
        into output: inout ByteBuffer
    ) -> Handling {
        precondition(underWay == nil, "a place among the requests under way belongs to no exchange")
        reader.begin()
        let downstream = client(of: downstream, head, bytes)
        identifier.take(from: head, bytes)
        beginOwnFields()
        path.removeAll()
        shown = nil
        var record = ExchangeRecord(head, downstream, Borrowed(snapshot), receivedBytes: bytes.count)
        let refusal = judge(head, bytes, downstream, &record)
        // A query that goes by the cache is nothing to be looked up.
        let mayBeKept = downstream.mayBeKept && record.cacheStatus == nil
        if let refusal {
            let handling = answer(refusal, head, bytes, downstream, &record, into: &output)
            if mayBeKept { keep(refusal, head, bytes, record) }
            return handling
        }
        if isForUs(head, bytes) { return answerOptions(bytes, &record, into: &output) }
        let handling = serve(head, bytes, downstream, &record, into: &output)
        precondition(limited.isPaid, "a request got an answer that has not paid for it")
        if mayBeKept, case .answered = handling { keep(nil, head, bytes, record) }
        return handling
    }

    /// The client that a request comes from: the peer, or who a trusted proxy says it is.
    private func client(
        of downstream: Downstream, _ head: borrowing RequestHead, _ bytes: Span<UInt8>
    ) -> Downstream {
        Borrowed(snapshot).read { snapshot in
            if snapshot.trustedProxies.isEmpty { return downstream }
            return downstream.behind(snapshot.trustedProxies, head, bytes)
        }
    }

    /// Stages 4 to 8: everything that can refuse before the cache or the upstream is asked.
    private func judge(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ downstream: Downstream,
        _ record: inout ExchangeRecord
    ) -> Refusal? {
        // CONNECT would make a tunnel of the gateway, TRACE would echo the tenant's token (RFC 9110 §9.3.8).
        if head.method == .trace || head.method == .connect {
            return .methodNotAllowed(allow: Self.allowedEverywhere)
        }
        // The asterisk form has no path and no route; it asks about the gateway itself (RFC 9110 §9.3.7).
        if head.method == .options && bytes.extracting(head.path.range).equals("*") { return nil }
        if let refusal = normalizePath(head, bytes) { return refusal }
        if let refusal = findRoute(head.method, &record) { return refusal }
        if let refusal = authorize(head, bytes, &record) { return refusal }
        if let refusal = normalizeQuery(head, bytes, &record) { return refusal }
        return checkLimits(head.method, downstream, &record)
    }

    /// 4: one canonical path, or none.
    private func normalizePath(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Refusal? {
        switch PathNormalizer.normalize(bytes.extracting(head.path.range), into: &path) {
        case .unchanged:
            path.append(bytes.extracting(head.path.range))
            return nil
        case .rewritten: return nil
        case .refused(let reason): return .path(reason)
        }
    }

    /// 5: the rule that takes the request.
    private func findRoute(_ method: Method, _ record: inout ExchangeRecord) -> Refusal? {
        let match = record.judge.read { snapshot in
            path.withBytes { snapshot.routes.match(method, $0) }
        }
        switch match {
        case .matched(let index):
            record.routeIndex = index
            record.pageSize = record.judge.read { $0.routeNumbers[index].defaultPageSize }
            return nil
        case .methodNotAllowed(let allow): return .methodNotAllowed(allow: allow)
        case .notFound: return .noRoute
        }
    }

    /// 7: one spelling of what the query means. Leaves the whole request target in `target`.
    private func normalizeQuery(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ record: inout ExchangeRecord
    ) -> Refusal? {
        target.removeAll()
        path.withBytes { target.append($0) }
        guard let route = record.borrowedRoute else { return .noRoute }
        let raw = bytes.extracting(head.query.range)
        guard let model = route.read({ $0.query.map { Borrowed($0) } }) else {
            appendRawQuery(head, raw)
            return checkCeiling(raw: raw, nil)
        }
        return model.read { normalize(raw, by: $0, head, &record) }
    }

    private func normalize(
        _ raw: Span<UInt8>, by model: ListQueryModel, _ head: borrowing RequestHead,
        _ record: inout ExchangeRecord
    ) -> Refusal? {
        switch queries.normalize(raw, model: model, into: &query) {
        case .canonical(let limit):
            record.pageSize = limit
            if !query.isEmpty {
                target.append("?")
                query.withBytes { target.append($0) }
            }
            return checkCeiling(rows: limit)
        case .opaque:
            appendRawQuery(head, raw)
            record.cacheStatus = .forward(CacheForward(.bypass, detail: .bypass(.opaqueQuery)))
            return checkCeiling(raw: raw, model)
        case .refused(let reason): return .query(reason)
        }
    }

    /// 9 and 10: out of the cache, behind somebody who already asks, or on to the upstream.
    private func serve(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ downstream: Downstream,
        _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        guard let sharing = record.sharing else {
            return sendOn(head, bytes, downstream, &record, into: &output)
        }
        var request = CacheRequest(head, bytes: bytes)
        if record.cacheStatus != nil { request.bypass = .opaqueQuery }
        guard request.isLookedUp else {
            let reason: ForwardReason = request.bypass == nil ? .method : .bypass
            record.cacheStatus = .forward(CacheForward(reason, detail: request.bypass.map { .bypass($0) }))
            return sendOn(head, bytes, downstream, &record, into: &output)
        }
        key.removeAll()
        target.withBytes { key.append($0) }
        if sharing == .headers { ForwardedFields.appendKey(head, bytes, to: &key) }
        return key.withBytes { key in
            lookUp(key, request, head, bytes, downstream, &record, into: &output)
        }
    }

    /// On to the upstream without the cache.
    private func sendOn(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ downstream: Downstream,
        _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        if let refusal = takeForUpstream(&record) {
            return answer(refusal, head, bytes, downstream, &record, into: &output)
        }
        return forward(head, bytes, downstream, &record, into: &output)
    }
}
