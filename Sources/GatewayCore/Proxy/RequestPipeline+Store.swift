import Cache
import HTTPModel

/// Stage 12: what has come of an answer for the cache, whether it may be kept, and keeping it.
extension RequestPipeline {
    /// Takes what has come of an answer for the cache. Nothing of it is sent before it is whole, unless it is
    /// large: so it has its `ETag`, so an upstream that breaks off costs a clean 502 and no broken answer
    /// (docs/decisions/0003).
    func collect(_ exchange: Exchange, _ transfer: Transfer) {
        if let head = transfer.head, exchange.decision == nil { decide(exchange, head, transfer) }
        // A larger page that is of no use has been given up for the client's own question.
        guard case .filling = exchange.state, exchange.transfer === transfer else { return }
        if isWholeAtOnce(transfer, exchange) { return store(exchange, transfer) }
        take(transfer, for: exchange)
        // One that is too large is stored no more.
        guard case .filling = exchange.state, exchange.transfer === transfer else { return }
        transfer.didConsume()
        if exchange.collected.count > cache.maximumEntryBytes {
            noteTooLarge(exchange)
            passOn(exchange, because: .tooLarge)
            return
        }
        switch transfer.phase {
        case .complete: store(exchange, transfer)
        case .failed(let failure): fail(exchange, failure)
        case .queued, .connecting, .waitingForHead, .receivingContent: break
        case .cancelled: preconditionFailure("a fill was cancelled and goes on")
        }
    }

    private func decide(_ exchange: Exchange, _ head: ResponseHead, _ transfer: Transfer) {
        guard var request = exchange.cacheRequest, let policy = exchange.record.route?.cache,
            let framing = transfer.framing
        else { preconditionFailure("a fill without a policy") }
        // The fill is a GET also when a HEAD began it.
        request.method = .get
        let timing = FetchTiming(
            requestedAt: exchange.record.upstreamAskedAt ?? now, receivedAt: now,
            receivedUnixSeconds: recorder.nowUnixSeconds)
        if standIn(for: head.status, exchange, transfer) { return }
        var answer = head
        let isConfirmed = exchange.revalidation != nil && head.status == .notModified
        if isConfirmed, let revalidation = exchange.revalidation {
            // What is kept, with what has just been said about it (RFC 9111 §4.3.4).
            answer = revalidation.confirmed(by: head)
        }
        let isMissing = head.status == .notFound
        let decision = cache.decide(
            StoragePolicy.Subject(
                request: request, response: answer, framing: framing, timing: timing,
                keepsNotFound: policy.notFoundTimeToLive > .zero),
            routeLifetime: isMissing ? policy.notFoundTimeToLive : policy.timeToLive,
            // That something is not there is never said of a moment that has passed.
            staleness: isMissing ? .none : policy.staleness)
        exchange.decision = decision
        // What was confirmed is at hand, whether it may be kept or not.
        if isConfirmed {
            exchange.confirmedHead = answer
            return
        }
        if case .notStored(let refusal) = decision { passOn(exchange, because: refusal) }
    }

    /// The answer is for the leader alone: it goes on as it comes, and the followers fetch for themselves.
    func passOn(_ exchange: Exchange, because refusal: StorageRefusal) {
        if exchange.widening != nil, exchange.connection != nil, isAboutPages(exchange.record.upstreamStatus)
        {
            return giveUpWidening(exchange)
        }
        guard let permit = exchange.permit.take() else { preconditionFailure("a fill without a permit") }
        courier.deliver(cache.collapser.end(permit, .goAlone))
        exchange.setRole(.single, status: exchange.record.upstreamStatus, detail: .notStored(refusal))
        exchange.state = .passing(nil)
        if exchange.connection == nil { abandon(exchange) }
    }

    private func store(_ exchange: Exchange, _ transfer: Transfer) {
        guard let permit = exchange.permit.take(), let head = transfer.head, let decision = exchange.decision
        else {
            preconditionFailure("a fill without permit, head or decision")
        }
        let admission = admit(permit, exchange, transfer, head, decision)
        courier.deliver(admission.wakeup)
        if leaveFlight(exchange) { return }
        deliver(
            admission.entry, to: exchange, role: admission.refusal == nil ? .stored : .single,
            status: head.status, detail: admission.refusal.map { .notStored($0) })
        endIfAlone(exchange)
    }

    /// Whether an answer has come before any of it was collected, and is small: then it is stored from where
    /// it was received.
    private func isWholeAtOnce(_ transfer: Transfer, _ exchange: Exchange) -> Bool {
        guard case .complete = transfer.phase, exchange.collected.isEmpty, exchange.arriving == nil else {
            return false
        }
        return transfer.received.count <= min(cache.maximumEntryBytes, cache.streamedBytes - 1)
    }

    /// Stores what was collected, what was confirmed, or what lies where it was received.
    private func admit(
        _ permit: consuming FetchPermit, _ exchange: Exchange, _ transfer: Transfer, _ head: ResponseHead,
        _ decision: StorageDecision
    ) -> Admission {
        let (received, model) = (recorder.nowUnixSeconds, exchange.pageModel)
        if let confirmed = exchange.confirmedHead, let entry = exchange.revalidation?.entry {
            let held = entry.bytes
            return cache.admit(
                permit, head: confirmed, body: held.span.extracting(entry.body.range), decision: decision,
                receivedUnixSeconds: received, model: model)
        }
        let collected = exchange.arriving?.collected ?? exchange.collected
        exchange.collected = []
        if let arriving = exchange.arriving { courier.deliver(arriving.finish()) }
        exchange.arriving = nil
        guard collected.isEmpty else {
            return cache.admit(
                permit, head: head, body: collected.span, decision: decision, receivedUnixSeconds: received,
                model: model)
        }
        var unused: FetchPermit? = consume permit
        return transfer.received.withBytes { body in
            guard let permit = unused.take() else { preconditionFailure("an answer is stored twice") }
            return cache.admit(
                permit, head: head, body: body, decision: decision, receivedUnixSeconds: received,
                model: model)
        }
    }

    /// Gives what is kept in place of an answer that says the upstream cannot answer; whether it did.
    private func standIn(for status: Status, _ exchange: Exchange, _ transfer: Transfer) -> Bool {
        switch status.rawValue {
        case 429, 500, 502, 503, 504: break
        default: return false
        }
        guard exchange.answerOnError(at: now) != nil else { return false }
        // First: what is kept may be of no use, and then another fetch begins.
        upstream.cancel(transfer)
        exchange.transfer = nil
        guard giveStale(exchange) else { preconditionFailure("what was kept is gone") }
        endIfAlone(exchange)
        return true
    }
}
