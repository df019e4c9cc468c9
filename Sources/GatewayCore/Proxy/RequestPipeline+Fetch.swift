import Cache
import HTTPModel

/// Stages 10 and 11: whose fetch it is, what the upstream has sent, what is given when it fails.
extension RequestPipeline {
    /// Sends a request on for itself alone.
    func forward(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ downstream: Downstream,
        _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        let exchange = makeExchange(head, bytes, downstream, record)
        let content: UpstreamRequest.Content =
            switch head.framing {
            case .none: .none
            case .length(let length): .length(length)
            case .chunked, .untilClose: .chunked
            }
        var request = target.withBytes { target in
            UpstreamRequest(
                method: head.method, methodText: bytes.extracting(head.methodText.range), target: target,
                content: content, authorization: record.tenant?.tenant.credential)
        }
        identifier.bytes.withBytes { identifier in
            ForwardedFields.append(
                head: head, bytes, downstream: downstream, identifier: identifier,
                leavingOut: exchange.write.isMaking ? .acceptEncoding : nil, to: &request)
        }
        announceWrite(exchange)
        if head.expectsContinue && exchange.contentIsOutstanding && !downstream.contentHasArrived {
            ResponseEncoder.interim(.continue, fields: [UInt8]().span, into: &output)
        }
        exchange.state = .passing(nil)
        if content == .none || content == .length(0), record.tenant?.tenant.standby != nil {
            exchange.repeatable = request
        }
        start(exchange, request)
        return .pending(exchange)
    }

    /// Completes the request target with the query as it came.
    func appendRawQuery(_ head: borrowing RequestHead, _ raw: Span<UInt8>) {
        guard head.hasQuery else { return }
        target.append("?")
        target.append(raw)
    }

    /// The request that asks on the cache's behalf: a GET, whatever the client's method, with nothing of the
    /// client's that is not in the key.
    func fillRequest(
        _ target: Span<UInt8>, _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ downstream: Downstream,
        _ exchange: Exchange
    ) -> UpstreamRequest {
        let credential = exchange.record.tenant?.tenant.credential
        let sharing = exchange.record.sharing ?? .tenant
        var request = UpstreamRequest(get: target, authorization: credential)
        let texts = exchange.texts
        ForwardedFields.appendForStore(
            head: head, bytes, downstream: downstream,
            identifier: texts.bytes.span.extracting(texts.identifier), sharing: sharing, to: &request)
        if sharing == .tenant, upstream.acceptedCoding == .gzip { request.acceptGzip() }
        return request
    }

    /// Fetches for all who want the same thing.
    func lead(_ exchange: Exchange, _ permit: consuming FetchPermit) {
        exchange.permit = consume permit
        exchange.state = .filling
        start(exchange, exchange.question)
    }

    /// Waits for somebody else's fetch, up to its deadline.
    func follow(_ exchange: Exchange, _ ticket: FollowTicket) {
        exchange.state = .following(ticket)
        exchange.record.decidedAt = exchange.record.decidedAt ?? recorder.instant
        deadlines.append((exchange.number, ticket.deadline))
        if let arriving = ticket.arriving { follow(arriving, exchange) }
    }

    /// Fetches for itself; the answer is not stored.
    func goAlone(_ exchange: Exchange) {
        if exchange.widening != nil { exchange.narrow() }
        exchange.state = .passing(nil)
        start(exchange, exchange.fill)
    }

    /// Whether connections or deadlines wait for the worker.
    package var hasNews: Bool { !ready.isEmpty || !deadlines.isEmpty }

    /// News from the upstream.
    package func progressed(_ transfer: Transfer) {
        guard let exchange = exchanges.find(transfer.owner), exchange.transfer === transfer else { return }
        if transfer.head != nil && exchange.record.upstreamHeadAt == nil {
            exchange.record.upstreamHeadAt = now
            exchange.record.upstreamStatus = transfer.head?.status
            if let head = transfer.head { notePause(exchange, head) }
            if transfer.isDecoded { recorder.upstreamSentGzip() }
            if credentialWasRefused(exchange, transfer) { return wake(exchange) }
        }
        if transfer.isOver && exchange.record.upstreamEndedAt == nil { exchange.record.upstreamEndedAt = now }
        if case .filling = exchange.state { collect(exchange, transfer) }
        wake(exchange)
    }

    /// News from the fetch that an exchange follows.
    package func hear(_ message: FollowerMessage) {
        guard let exchange = exchanges.find(message.token) else { return }
        // What is left of an answer whose flight is over.
        if case .streaming = exchange.state { return wake(exchange) }
        guard case .following(let ticket) = exchange.state else { return }
        if exchange.stream?.sentBytes == nil { noteWaiting(exchange) }
        switch message.news {
        case .arriving(let answer):
            follow(answer, exchange)
            return wake(exchange)
        case .ended: if leaveFlight(exchange) { return wake(exchange) }
        case .leadNow:
            // What a client has got of an answer cannot go on with another one.
            if leaveFlight(exchange) {
                courier.deliver(cache.collapser.leave(ticket))
                return wake(exchange)
            }
        }
        if let question = ticket.question {
            hear(message.news, question, exchange, ticket)
            return wake(exchange)
        }
        switch message.news {
        case .ended(.entry(let entry)): deliver(entry, to: exchange, role: .collapsed)
        case .ended(.stale(let entry)):
            deliver(entry, to: exchange, role: .collapsed, detail: .staleOnError)
        case .ended(.goAlone): if exchange.widening == nil { goAlone(exchange) } else { askItself(exchange) }
        case .ended(.failed(let number)):
            exchange.setRole(.collapsed)
            exchange.state = .refusing(.upstream(UpstreamFailure(number: number)))
        case .arriving: break
        case .leadNow:
            guard let permit = cache.collapser.takeOver(ticket, now: now) else { return }
            lead(exchange, permit)
        }
        wake(exchange)
    }

    /// News from the fetch of a larger page than an exchange asked for: its answer is read off that page, or
    /// else it joins those who want the very same. Nothing else of that fetch is its affair: a failure may
    /// lie in what was asked for.
    private func hear(
        _ news: FollowerNews, _ question: [UInt8], _ exchange: Exchange, _ ticket: FollowTicket
    ) {
        switch news {
        case .leadNow: courier.deliver(cache.collapser.leave(ticket))
        case .ended(.entry(let page)):
            // The slice does not hold the page: nobody else here may.
            let answer = withExtendedLifetime(page) {
                exchange.pageModel.flatMap { cache.slice(of: page, answering: question, model: $0, now: now) }
                    .map { CacheEntry($0, bodyByteCount: $0.bodyByteCount) }
            }
            if let answer {
                exchange.deliver(answer, role: .collapsed)
                return exchange.setRole(.collapsed, detail: .pageSlice)
            }
        case .ended(.stale), .ended(.goAlone), .ended(.failed), .arriving: break
        }
        join(exchange, question.span, model: nil, now: now)
    }

    /// A follower has waited long enough.
    package func due(_ number: UInt64) {
        guard let exchange = exchanges.find(number), case .following(let ticket) = exchange.state,
            ticket.deadline <= now, exchange.stream?.sentBytes == nil
        else { return }
        exchange.stream = nil
        noteWaiting(exchange)
        courier.deliver(cache.collapser.leave(ticket))
        goAlone(exchange)
        wake(exchange)
    }

    /// The client has gone. A fetch that others wait for goes on without it.
    func abandon(_ exchange: Exchange) {
        exchange.connection = nil
        exchange.stream = nil
        switch exchange.state {
        case .following(let ticket):
            noteWaiting(exchange)
            courier.deliver(cache.collapser.leave(ticket))
        case .filling:
            guard let permit = exchange.permit.take() else { preconditionFailure("a fill without a permit") }
            if cache.collapser.followerCount(permit) > 0 {
                exchange.permit = consume permit
                return
            }
            if let arriving = exchange.arriving { courier.deliver(arriving.abandon()) }
            courier.deliver(cache.collapser.handOver(permit))
        case .sharing: stopSharing(exchange)
        case .passing, .delivering, .streaming, .refusing, .ended: break
        }
        if let transfer = exchange.transfer { upstream.cancel(transfer) }
        loseWrite(exchange)
        if exchange.record.status.rawValue == 0 { exchange.record.status = .clientGone }
        finish(exchange)
    }

    func makeExchange(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ downstream: Downstream,
        _ record: ExchangeRecord
    ) -> Exchange {
        let isWrite = !head.method.isSafe && record.tenantIndex != nil
        let write =
            isWrite
            ? path.withBytes { record.snapshot.routes.scope(ofWrite: head.method, $0) } : .nothing
        let hasContent = head.framing != .none && head.framing != .length(0)
        let userAgent = bytes.extracting(record.shownUserAgent)
        let texts = identifier.bytes.withBytes { identifier in
            ownFields.withBytes { ownFields in
                path.withBytes { path in
                    ExchangeTexts(
                        identifier: identifier, ownFields: ownFields, path: path, userAgent: userAgent)
                }
            }
        }
        recorder.exchangeBegan()
        let exchange = exchanges.insert { number in
            Exchange(
                number: number, pipeline: self, connection: downstream.registration, texts: texts,
                record: record, write: write, contentIsOutstanding: hasContent)
        }
        exchange.underWay = underWay
        underWay = nil
        return exchange
    }

    /// Has the worker go on with the connection of an exchange.
    private func wake(_ exchange: Exchange) {
        if let connection = exchange.connection { ready.append(connection) }
    }

    /// How long an exchange has followed another one's fetch by now.
    private func noteWaiting(_ exchange: Exchange) {
        guard let since = exchange.record.decidedAt else { preconditionFailure("follows since never") }
        exchange.record.collapseNanoseconds = recorder.instant.nanosecondsElapsed(since: since)
    }

    func start(_ exchange: Exchange, _ request: consuming UpstreamRequest?) {
        guard let request = consume request else {
            preconditionFailure("exchange \(exchange.number) has nothing to ask")
        }
        exchange.record.decidedAt = exchange.record.decidedAt ?? recorder.instant
        if let seconds = pausedSeconds(exchange.record, isRepeated: exchange.isRepeated) {
            return hold(exchange, retryAfterSeconds: seconds)
        }
        exchange.record.upstreamAskedAt = now
        let tenant = exchange.record.tenant?.tenant
        let credential =
            (exchange.isRepeated ? tenant?.standbyIdentity : tenant?.credentialIdentity) ?? 0
        switch upstream.start(request, owner: exchange.number, credential: credential, now: now) {
        case .started(let transfer):
            exchange.transfer = transfer
            if exchange.asks == nil {
                exchange.asks = tenant?.identity ?? 0
                shedder.began(tenant?.identity ?? 0)
            }
        case .refused(let failure): fail(exchange, failure)
        }
    }

    /// Does not send a request, because the upstream has asked for that: gives what is kept, or says for how
    /// long.
    private func hold(_ exchange: Exchange, retryAfterSeconds: UInt64) {
        if !giveStale(exchange) {
            if let permit = exchange.permit.take() {
                courier.deliver(cache.collapser.end(permit, .goAlone))
            }
            // Nothing was forwarded, so `Cache-Status` has nothing to tell.
            exchange.record.cacheStatus = nil
            exchange.state = .refusing(.upstreamLimited(retryAfterSeconds: retryAfterSeconds))
        }
        endIfAlone(exchange)
    }

    /// Gives what is kept, to those who wait for the fetch as well; whether there was anything.
    func giveStale(_ exchange: Exchange) -> Bool {
        guard let entry = exchange.answerOnError(at: now), exchange.cacheRequest != nil else { return false }
        if let permit = exchange.permit.take() {
            courier.deliver(cache.collapser.end(permit, .stale(entry)))
        }
        deliver(
            entry, to: exchange, role: .single, status: exchange.record.upstreamStatus, detail: .staleOnError)
        return true
    }

    /// The fetch has failed: what is kept is given, or it is said.
    func fail(_ exchange: Exchange, _ failure: UpstreamFailure) {
        // A large page may be what was too much.
        if exchange.widening != nil { exchange.partition?.restFromWidening(at: now) }
        if let arriving = exchange.arriving { courier.deliver(arriving.breakOff()) }
        if exchange.stream?.sentBytes != nil { return loseStream(exchange, failure) }
        exchange.stream = nil
        if giveStale(exchange) {
            endIfAlone(exchange)
            return
        }
        if let permit = exchange.permit.take() {
            courier.deliver(cache.collapser.end(permit, .failed(failure.number)))
        }
        exchange.state = .refusing(.upstream(failure))
        endIfAlone(exchange)
    }

    /// A fetch that went on for others' sake ends without an answer of its own.
    func endIfAlone(_ exchange: Exchange) {
        guard exchange.connection == nil else { return }
        if !exchange.isRefresh { exchange.record.status = .clientGone }
        finish(exchange)
    }
}
