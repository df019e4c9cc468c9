import Cache
import HTTPModel

/// Stages 9 and 10: what is answered at once, and who fetches what is not.
extension RequestPipeline {
    /// Answers from what is stored, in this order: the same question's fresh answer, a page that decides
    /// it, an answer whose time is over while somebody fetches anew. Else the upstream is asked, once for
    /// all.
    func lookUp(
        _ key: Span<UInt8>, _ request: CacheRequest, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ downstream: Downstream, _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        guard let routeIndex = record.routeIndex else { preconditionFailure("a look-up without a route") }
        let now = downstream.startedAt
        let number = record.judge.read { $0.routeNumbers[routeIndex].number }
        let found = record.borrowedPartition.read {
            cache.lookUp($0, route: number, query: key, now: now, as: reader)
        }
        if case .fresh(let entry) = found {
            return entry.read {
                answerFresh($0, key, request, head, bytes, downstream, &record, into: &output)
            }
        }
        if let ask = pageAsk(key, record), let slice = slice(key, ask, record, now: now) {
            if let refusal = takeForHit(&record) {
                return answer(refusal, head, bytes, downstream, &record, into: &output)
            }
            return answer(slice, request, head, bytes, downstream, &record, into: &output)
        }
        record.cacheStatus = .forward(CacheForward(found.forwardReason))
        if let entry = found.staleEntry, entry.mayAnswerWhileRevalidating(at: now) {
            if let refusal = takeForHit(&record) {
                return answer(refusal, head, bytes, downstream, &record, into: &output)
            }
            refresh(entry, key, request, head, bytes, downstream, record)
            record.cacheStatus = .staleHit(ttlSeconds: entry.remainingLifetimeSeconds(now: now))
            return answer(from: entry, request, head, bytes, downstream, &record, into: &output)
        }
        if case .miss = found, let wide = wideTarget(key, record.partition, record, now: now) {
            return askWide(wide, key, request, head, bytes, downstream, &record, into: &output)
        }
        if let refusal = takeForUpstream(
            &record, isAnyhowAnswered: found.staleEntry?.mayAnswerOnError(at: now) == true)
        {
            return answer(refusal, head, bytes, downstream, &record, into: &output)
        }
        let exchange = makeExchange(head, bytes, downstream, record)
        prepareFill(exchange, request, head, bytes, downstream, found.staleEntry)
        join(exchange, key, model: exchange.pageModel, now: now)
        return .pending(exchange)
    }

    /// Answers from what is stored for the very question and fresh.
    private func answerFresh(
        _ entry: CacheEntry, _ key: Span<UInt8>, _ request: CacheRequest, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ downstream: Downstream, _ record: inout ExchangeRecord,
        into output: inout ByteBuffer
    ) -> Handling {
        let now = downstream.startedAt
        if let refusal = takeForHit(&record) {
            return answer(refusal, head, bytes, downstream, &record, into: &output)
        }
        if entry.status == .notFound, let ask = pageAsk(key, record),
            let shown = slice(key, ask, record, now: now),
            shown.source.read({ $0.isNewer(than: entry) })
        {
            // A page that came later shows what was missing.
            return answer(shown, request, head, bytes, downstream, &record, into: &output)
        }
        record.cacheStatus = .hit(ttlSeconds: entry.remainingLifetimeSeconds(now: now))
        return answer(from: entry, request, head, bytes, downstream, &record, into: &output)
    }

    /// 10: leads, follows or goes alone. With a model, larger pages than the one asked for are followed too.
    func join(_ exchange: Exchange, _ key: Span<UInt8>, model: PageModel?, now: MonotonicInstant) {
        guard let route = exchange.record.route, let partition = exchange.partition else {
            preconditionFailure("exchange \(exchange.number) joins without a part of the cache")
        }
        let waiter = Waiter(worker: workerIndex, token: exchange.number)
        switch cache.join(
            partition, route: route.number, query: key, model: model, waiter: waiter, now: now)
        {
        case .lead(let permit): lead(exchange, permit)
        case .follow(let ticket): follow(exchange, ticket)
        case .alone: goAlone(exchange)
        case .fresh(let entry, let wakeup):
            courier.deliver(wakeup)
            deliver(entry, to: exchange, role: .collapsed)
        }
    }

    /// Has one request fetch anew what was just given although its time is over; nothing if one does already.
    func refresh(
        _ entry: CacheEntry, _ key: Span<UInt8>, _ request: CacheRequest, _ head: borrowing RequestHead,
        _ bytes: Span<UInt8>, _ downstream: Downstream, _ record: ExchangeRecord, wide: [UInt8]? = nil
    ) {
        guard let route = record.route else { preconditionFailure("a refresh without a route") }
        let partition = record.partition
        guard pausedSeconds(record) == nil,
            let permit = cache.refresh(
                partition, route: route.number, query: key,
                model: record.sharing == .tenant ? route.page : nil, now: downstream.startedAt)
        else { return }
        let exchange = makeExchange(head, bytes, downstream, record)
        exchange.becomeRefresh()
        prepareFill(exchange, request, head, bytes, downstream, entry, wide: wide)
        lead(exchange, permit)
    }

    /// Notes what is to be asked on the cache's behalf, and what is at hand should that fail. `wide` is the
    /// target of a larger page that is asked for in place of the client's own; `stale` belongs to what is
    /// asked.
    func prepareFill(
        _ exchange: Exchange, _ request: CacheRequest, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ downstream: Downstream, _ stale: CacheEntry?, wide: [UInt8]? = nil
    ) {
        let partition = exchange.record.partition
        exchange.condition = request.isConditional ? Self.condition(head, bytes) : []
        exchange.stale = stale
        var own = target.withBytes { fillRequest($0, head, bytes, downstream, exchange) }
        guard wide != nil || stale != nil else {
            return exchange.prepareFill(request: request, partition: partition, own)
        }
        var asked = wide.map { fillRequest($0.span, head, bytes, downstream, exchange) } ?? own
        // What a client has is its own affair; what we have is asked about on our own.
        if exchange.record.sharing == .tenant, let stale, let revalidation = Revalidation(stale) {
            exchange.revalidation = revalidation
            revalidation.forEachCondition { name, value in
                var text: [UInt8] = []
                text.append(name)
                asked.append(name: text.span, value: value)
            }
        }
        if wide == nil || exchange.isRefresh {
            own = asked
        } else {
            exchange.widen(Widening(key: target.withBytes { $0.array }, request: asked))
        }
        exchange.prepareFill(request: request, partition: partition, own)
    }

    /// All lines of `If-None-Match` as one list (RFC 9110 §5.3).
    static func condition(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> [UInt8] {
        var list: [UInt8] = []
        for line in head.fields where line.known == .ifNoneMatch {
            if !list.isEmpty { list.append(UInt8(ascii: ",")) }
            list.append(bytes.extracting(line.value.range))
        }
        return list
    }

    /// Answers out of an entry: whole, or with 304 if the client has it.
    private func answer(
        from entry: CacheEntry, _ request: CacheRequest, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ downstream: Downstream, _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        if request.isConditional, !entry.eTag.isEmpty {
            let isHeld = head.fields.withSpan { lines in
                entry.bytes.withSpan {
                    holds($0.extracting(entry.eTag.range), request.codings, lines, bytes)
                }
            }
            if isHeld {
                let lifetime = entry.remainingLifetimeSeconds(now: downstream.startedAt)
                return tag.withBytes {
                    confirm($0, entry, lifetimeSeconds: lifetime, bytes, downstream, &record, into: &output)
                }
            }
        }
        return coded(entry, request.codings).read {
            answer(from: $0, head, bytes, downstream, &record, into: &output)
        }
    }

    /// Whether the client has, by the lines of its request, an answer whose plain form has this tag; `tag`
    /// then is that of the form it has.
    func holds(
        _ plain: Span<UInt8>, _ codings: AcceptedCodings, _ lines: Span<FieldLine>, _ bytes: Span<UInt8>
    ) -> Bool {
        findHeld(plain, codings) { tag in
            for index in lines.indices where lines[index].known == .ifNoneMatch {
                if EntityTagList.names(tag, in: bytes.extracting(lines[index].value.range)) { return true }
            }
            return false
        }
    }

    /// Answers with 304: what the client has is right.
    func confirm(
        _ tag: Span<UInt8>, _ source: CacheEntry, lifetimeSeconds: Int64, _ bytes: Span<UInt8>,
        _ downstream: Downstream,
        _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        putConfirmation(
            tag, source, lifetimeSeconds: lifetimeSeconds, downstream, &record, into: &output)
        write(record, bytes)
        return .answered(record.persistence)
    }

    /// Writes the answer 304.
    func putConfirmation(
        _ tag: Span<UInt8>, _ source: CacheEntry, lifetimeSeconds: Int64, _ downstream: Downstream,
        _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) {
        record.status = .notModified
        let before = output.count
        ownFields.withBytes { own in
            composer.answerNotModified(
                tag, source, lifetimeSeconds: lifetimeSeconds, record.terms, own: own,
                now: downstream.startedAt, into: &output)
        }
        record.sentBytes = UInt64(output.count - before)
    }
}
