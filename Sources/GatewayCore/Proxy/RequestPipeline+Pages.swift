import Cache
import HTTPModel

/// Stage 9, when nothing fresh is stored under the key itself: the same answer, read off a page that is.
extension RequestPipeline {
    /// What stored pages are asked in place of a request with this key; `nil` if they cannot answer it.
    func pageAsk(_ key: Span<UInt8>, _ record: borrowing ExchangeRecord) -> PageAsk? {
        guard record.sharing == .tenant, let route = record.borrowedRoute else { return nil }
        let partition = record.borrowedPartition
        return route.read { route in partition.read { pageAsk(key, $0, route) } }
    }

    private func pageAsk(_ key: Span<UInt8>, _ partition: CachePartition, _ route: Route) -> PageAsk? {
        if let model = route.page.map({ Borrowed($0) }) {
            return model.read { cache.question(partition, route: route.number, query: key, model: $0) }
                .map { PageAsk(question: $0, row: nil) }
        }
        guard let list = route.list.map({ Borrowed($0) }), let id = Self.lastSegment(of: key) else {
            return nil
        }
        return list.read { cache.question(partition, ofRowsIn: $0) }.map { PageAsk(question: $0, row: id) }
    }

    /// The answer out of a stored page of the same list, if one decides what is asked.
    func slice(
        _ key: Span<UInt8>, _ ask: PageAsk, _ record: borrowing ExchangeRecord, now: MonotonicInstant
    ) -> PageSlice? {
        guard let route = record.borrowedRoute else { return nil }
        let partition = record.borrowedPartition
        return route.read { route in partition.read { slice(key, ask, $0, route, now: now) } }
    }

    private func slice(
        _ key: Span<UInt8>, _ ask: PageAsk, _ partition: CachePartition, _ route: Route,
        now: MonotonicInstant
    ) -> PageSlice? {
        var found: PageSlice?
        if let row = ask.row {
            guard let list = route.list.map({ Borrowed($0) }), let lifetime = route.cache?.timeToLive else {
                preconditionFailure("a row of no list")
            }
            found = list.read {
                cache.row(
                    partition, of: $0, ask.question, id: key.extracting(row), lifetime: lifetime, now: now,
                    as: reader)
            }
        } else {
            found = cache.slice(
                partition, route: route.number, query: key, ask.question, now: now, as: reader)
        }
        // The last line of defence, as for entries.
        precondition(found?.belongs(to: partition) ?? true, "a page of another tenant answers")
        return found
    }

    /// What follows the last slash of a target without a query.
    private static func lastSegment(of target: Span<UInt8>) -> Range<Int>? {
        var start = target.count
        while start > 0, target[start - 1] != UInt8(ascii: "/") {
            if target[start - 1] == UInt8(ascii: "?") { return nil }
            start -= 1
        }
        return start == target.count ? nil : start..<target.count
    }

    /// Answers with a slice: whole, or with 304 if the client has it.
    func answer(
        _ slice: PageSlice, _ request: CacheRequest, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ downstream: Downstream, _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        record.cacheStatus = .slice(
            ttlSeconds: slice.remainingLifetimeSeconds(now: downstream.startedAt))
        return give(slice, request, head, bytes, downstream, &record, into: &output)
    }

    /// The same, once it is said how the cache took part.
    func give(
        _ slice: PageSlice, _ request: CacheRequest, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ downstream: Downstream, _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        let now = downstream.startedAt
        let plain = slice.eTag
        if request.isConditional,
            head.fields.withSpan({ holds(plain.span, request.codings, $0, bytes) })
        {
            let lifetime = slice.remainingLifetimeSeconds(now: now)
            return slice.source.read { source in
                tag.withBytes {
                    confirm($0, source, lifetimeSeconds: lifetime, bytes, downstream, &record, into: &output)
                }
            }
        }
        let bodyByteCount = slice.bodyByteCount
        guard bodyByteCount <= ResponseComposer.firstContentBytes else {
            record.status = slice.source.read { $0.status }
            return deliver(slice, bodyByteCount, head, bytes, downstream, record)
        }
        put(slice, bodyByteCount, tag: plain.span, downstream, &record, into: &output)
        write(record, bytes)
        return .answered(record.persistence)
    }

    /// Writes the answer that a slice is.
    func put(
        _ slice: PageSlice, _ bodyByteCount: Int, tag: Span<UInt8>, _ downstream: Downstream,
        _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) {
        record.status = slice.source.read { $0.status }
        let before = output.count
        ownFields.withBytes { own in
            composer.answer(
                from: slice, bodyByteCount: bodyByteCount, tag: tag, record.terms, own: own,
                now: downstream.startedAt, into: &output)
        }
        record.sentBytes = UInt64(output.count - before)
    }

    /// Answers with a slice that a slow client would hold for long: made whole once, and given like any
    /// entry.
    private func deliver(
        _ slice: PageSlice, _ bodyByteCount: Int, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ downstream: Downstream, _ record: ExchangeRecord
    ) -> Handling {
        let exchange = makeExchange(head, bytes, downstream, record)
        exchange.state = .delivering(CacheEntry(slice, bodyByteCount: bodyByteCount), sentBytes: nil)
        return .pending(exchange)
    }
}

/// What stored pages are asked in place of a request: good for as long as its key and its route.
struct PageAsk: Sendable {
    /// What is asked of the list.
    let question: ListQuestion
    /// Where in the key the id of a row stands that is asked for alone; `nil` where a page is.
    let row: Range<Int>?
}
