import Cache
import HTTPModel

/// Stages 9 to 12 where the upstream is asked for a larger page than the client wants: the client's own is
/// read off it, and so are the next ones.
extension RequestPipeline {
    /// What to ask in place of a small question; `nil` to ask it as it is.
    func wideTarget(
        _ key: Span<UInt8>, _ partition: CachePartition, _ record: borrowing ExchangeRecord,
        now: MonotonicInstant
    ) -> [UInt8]? {
        guard let route = record.route, let rows = route.cache?.widen, let model = route.query,
            let asked = record.pageSize, asked < rows, partition.mayWiden(at: now)
        else { return nil }
        return model.widened(key, rows: rows)
    }

    /// Asks for the larger page, together with all who could use it. One whose time is over answers as far as
    /// the route allows, as it would if the client had asked for it.
    func askWide(
        _ wide: [UInt8], _ key: Span<UInt8>, _ request: CacheRequest, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ downstream: Downstream, _ record: inout ExchangeRecord,
        into output: inout ByteBuffer
    ) -> Handling {
        guard let route = record.route, let model = route.page else {
            preconditionFailure("a larger page without a model")
        }
        let partition = record.partition
        let now = downstream.startedAt
        let found = cache.lookUp(partition, route: route.number, query: wide.span, now: now, as: reader)
        if let entry = found.staleEntry, entry.mayAnswerWhileRevalidating(at: now),
            let slice = entry.slice(answering: key, model: model)
        {
            if let refusal = takeForHit(&record) {
                return answer(refusal, head, bytes, downstream, &record, into: &output)
            }
            refresh(entry, wide.span, request, head, bytes, downstream, record, wide: wide)
            record.cacheStatus = .staleHit(ttlSeconds: entry.remainingLifetimeSeconds(now: now))
            return give(slice, request, head, bytes, downstream, &record, into: &output)
        }
        if case .stale = found { record.cacheStatus = .forward(CacheForward(.stale)) }
        if let refusal = takeForUpstream(
            &record, isAnyhowAnswered: found.staleEntry?.mayAnswerOnError(at: now) == true)
        {
            return answer(refusal, head, bytes, downstream, &record, into: &output)
        }
        let exchange = makeExchange(head, bytes, downstream, record)
        prepareFill(exchange, request, head, bytes, downstream, found.staleEntry, wide: wide)
        // Who follows a page still larger would have to read this one off it, and its own question off that.
        join(exchange, wide.span, model: nil, now: now)
        return .pending(exchange)
    }

    /// Answers an exchange from an entry: as it is, or with what the client wants read off it. A page that
    /// does not show that is of no use: then the client's own question is asked.
    func deliver(
        _ entry: CacheEntry, to exchange: Exchange, role: ForwardRole, status: Status? = nil,
        detail: ForwardDetail? = nil
    ) {
        guard let widening = exchange.widening else {
            exchange.deliver(entry, role: role)
            return exchange.setRole(role, status: status, detail: detail)
        }
        guard let model = exchange.record.route?.page,
            let slice = entry.slice(answering: widening.key.span, model: model)
        else {
            exchange.partition?.restFromWidening(at: now)
            if exchange.connection != nil { askItself(exchange) }
            return
        }
        exchange.deliver(CacheEntry(slice, bodyByteCount: slice.bodyByteCount), role: role)
        exchange.setRole(role, status: status, detail: detail ?? .widened)
    }

    /// Whether an answer that is not stored may be another one for a smaller page. What the upstream says
    /// about a credential it would say again.
    func isAboutPages(_ status: Status?) -> Bool {
        switch status {
        case .unauthorized, .forbidden, .gone, .tooManyRequests: false
        default: true
        }
    }

    /// Gives up a larger page that the upstream does not give as one that can be stored.
    func giveUpWidening(_ exchange: Exchange) {
        guard let permit = exchange.permit.take() else { preconditionFailure("a fill without a permit") }
        courier.deliver(cache.collapser.end(permit, .goAlone))
        exchange.partition?.restFromWidening(at: now)
        if let transfer = exchange.transfer, !transfer.isOver { upstream.cancel(transfer) }
        askItself(exchange)
    }

    /// Asks the client's own question after the larger page was of no use, together with all who ask the
    /// same.
    func askItself(_ exchange: Exchange) {
        guard let key = exchange.widening?.key else { preconditionFailure("nothing else was asked") }
        recorder.askedInVain(exchange.record)
        exchange.record.upstreamAskedAt = nil
        exchange.record.upstreamHeadAt = nil
        exchange.record.upstreamStatus = nil
        exchange.record.upstreamEndedAt = nil
        exchange.narrow()
        join(exchange, key.span, model: exchange.pageModel, now: now)
    }
}
