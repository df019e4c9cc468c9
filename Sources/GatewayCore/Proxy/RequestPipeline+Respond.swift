import Cache
import HTTPModel

/// Stages 13 and 14: what the client gets, and what is written down.
extension RequestPipeline {
    /// What `Allow` says about the gateway itself.
    static let allowedEverywhere = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
    /// The same as a literal, for a head that is written without allocation.
    private static let allowedField: StaticString = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
    /// Content taken from an entry or a transfer at once.
    private static let pieceBytes = 262_144

    /// Answers a request out of the cache, at once if it fits into one piece.
    func answer(
        from entry: CacheEntry, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ downstream: Downstream, _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        let sent = begin(entry, downstream, &record, into: &output)
        if sent == Int(entry.body.count) {
            write(record, bytes)
            return .answered(record.persistence)
        }
        record.answerBeganAt = recorder.instant
        let exchange = makeExchange(head, bytes, downstream, record)
        exchange.state = .delivering(entry, sentBytes: sent)
        return .pending(exchange)
    }

    /// Writes the head of a stored answer and the first piece of its content; gives how much of it that is.
    func begin(
        _ entry: CacheEntry, _ downstream: Downstream, _ record: inout ExchangeRecord,
        into output: inout ByteBuffer
    ) -> Int {
        record.status = entry.status
        let before = output.count
        let sent = ownFields.withBytes { own in
            composer.answer(from: entry, record.terms, own: own, now: downstream.startedAt, into: &output)
        }
        record.sentBytes = UInt64(output.count - before)
        return sent
    }

    /// Refuses a request. Content that the client has announced and not sent is not waited for.
    func answer(
        _ refusal: Refusal, _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ downstream: Downstream,
        _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        limited.plan = nil
        if case .limited = refusal { record.terms.acceptsProblem = ProblemDetails.isAccepted(head, bytes) }
        if refusal.endsConnection || (head.expectsContinue && !downstream.contentHasArrived) {
            record.persistence = .close
        }
        put(refusal, &record, into: &output)
        write(record, bytes)
        return .answered(record.persistence)
    }

    /// Refuses what is no request; the connection closes.
    package func refuse(_ refusal: Refusal, _ downstream: Downstream, into output: inout ByteBuffer) {
        identifier.make()
        beginOwnFields()
        path.removeAll()
        var record = ExchangeRecord(downstream, Borrowed(snapshot))
        put(refusal, &record, into: &output)
        write(record, [UInt8]().span)
    }

    /// Writes the answer of a refusal.
    func put(_ refusal: Refusal, _ record: inout ExchangeRecord, into output: inout ByteBuffer) {
        record.status = refusal.status
        record.refusal = refusal.reason
        record.cacheStatus = nil
        let before = output.count
        ownFields.withBytes { own in
            composer.refuse(
                refusal, record.terms, pageSize: record.pageSize, own: own,
                nowUnixSeconds: recorder.nowUnixSeconds, into: &output)
        }
        record.sentBytes = UInt64(output.count - before)
    }

    /// 14, for a request that was answered at once: its bytes are still at hand.
    func write(_ record: ExchangeRecord, _ bytes: Span<UInt8>) {
        let userAgent = bytes.extracting(record.userAgent.range)
        identifier.bytes.withBytes { identifier in
            path.withBytes {
                recorder.write(record, identifier: identifier, path: $0, userAgent: userAgent)
            }
        }
    }

    /// Begins the gateway's own fields of the next answer with the identifier.
    func beginOwnFields() {
        ownFields.removeAll()
        ownFields.append("X-Request-Id: ")
        identifier.bytes.withBytes { ownFields.append($0) }
        ownFields.append("\r\n")
    }

    /// Nothing is served until the next event: what leaves the cache meanwhile need not wait for this
    /// worker.
    package func rest() { reader.rest() }

    /// Has the answers that have not begun say that their connections end with them.
    package func drain() {
        for exchange in exchanges.all where !exchange.answerHasBegun { exchange.record.persistence = .close }
    }

    /// Whether a request asks this gateway itself, and nobody behind it: `OPTIONS *`, or OPTIONS at the end
    /// of its `Max-Forwards` (RFC 9110 §7.6.2, §9.3.7).
    func isForUs(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
        guard head.method == .options else { return false }
        return head.maxForwards == 0 || bytes.extracting(head.path.range).equals("*")
    }

    func answerOptions(
        _ bytes: Span<UInt8>, _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        record.status = .noContent
        let before = output.count
        ownFields.withBytes { own in
            composer.answerOptions(
                allow: Self.allowedField, record.terms, own: own,
                nowUnixSeconds: recorder.nowUnixSeconds, into: &output)
        }
        record.sentBytes = UInt64(output.count - before)
        write(record, bytes)
        return .answered(record.persistence)
    }

    /// Appends what there is of an exchange's answer.
    func produce(_ exchange: Exchange, into output: inout ByteBuffer) -> Production {
        let before = output.count
        let production: Production
        switch exchange.state {
        case .following, .filling, .sharing, .streaming:
            guard let stream = exchange.stream else { return .waiting }
            production = produce(stream, exchange, into: &output)
        case .refusing(let refusal): production = give(refusal, exchange, into: &output)
        case .delivering(let entry, let sentBytes):
            production = deliver(entry, from: sentBytes, exchange, into: &output)
        case .passing(let framing): production = pass(framing, exchange, into: &output)
        case .ended: preconditionFailure("exchange \(exchange.number) is over and asked for more")
        }
        exchange.record.sentBytes += UInt64(output.count - before)
        switch production {
        case .waiting, .more:
            if exchange.answerHasBegun && exchange.record.answerBeganAt == nil {
                exchange.record.answerBeganAt = recorder.instant
            }
        case .finished, .broken: finish(exchange)
        }
        return production
    }

    /// 14: writes an exchange down; it is over.
    func finish(_ exchange: Exchange) {
        precondition(exchange.permit == nil, "exchange \(exchange.number) ends with its permit")
        exchange.state = .ended
        exchange.transfer = nil
        if let place = exchange.underWay.take() { release(place) }
        if let tenant = exchange.asks { shedder.ended(tenant) }
        if exchange.isRefresh {
            recorder.refreshed(exchange.record)
        } else {
            let texts = exchange.texts
            let bytes = texts.bytes.span
            recorder.write(
                exchange.record, identifier: bytes.extracting(texts.identifier),
                path: bytes.extracting(texts.path), userAgent: bytes.extracting(texts.userAgent))
        }
        exchanges.remove(exchange)
        recorder.exchangeEnded()
    }

    private func give(_ refusal: Refusal, _ exchange: Exchange, into output: inout ByteBuffer) -> Production {
        // What was never sent has changed nothing.
        if case .upstream(let failure) = refusal, failure.isBeforeSending { exchange.writeIsSettled = true }
        loseWrite(exchange)
        if exchange.contentIsOutstanding { exchange.record.persistence = .close }
        exchange.record.status = refusal.status
        exchange.record.refusal = refusal.reason
        let texts = exchange.texts
        let own = texts.bytes.span.extracting(texts.ownFields)
        composer.refuse(
            refusal, exchange.record.terms, pageSize: exchange.record.pageSize,
            own: own, nowUnixSeconds: recorder.nowUnixSeconds, into: &output)
        return .finished(exchange.record.persistence)
    }

    private func deliver(
        _ entry: CacheEntry, from sentBytes: Int?, _ exchange: Exchange, into output: inout ByteBuffer
    ) -> Production {
        var sent: Int
        if let sentBytes {
            sent = sentBytes
            let end = min(Int(entry.body.count), sent + Self.pieceBytes)
            let start = Int(entry.body.start)
            let bytes = entry.bytes
            output.append(bytes.span.extracting((start + sent)..<(start + end)))
            sent = end
        } else {
            if confirm(entry, exchange, into: &output) { return .finished(exchange.record.persistence) }
            exchange.record.status = entry.status
            let texts = exchange.texts
            let own = texts.bytes.span.extracting(texts.ownFields)
            sent = composer.answer(
                from: entry, exchange.record.terms, own: own, now: now, into: &output)
        }
        exchange.state = .delivering(entry, sentBytes: sent)
        return sent == Int(entry.body.count) ? .finished(exchange.record.persistence) : .more
    }

    private func pass(
        _ framing: ContentFraming?, _ exchange: Exchange, into output: inout ByteBuffer
    ) -> Production {
        guard let transfer = exchange.transfer else { preconditionFailure("nothing to pass on") }
        guard let framing = framing ?? passHead(exchange, transfer, into: &output) else {
            if case .failed(let failure) = transfer.phase {
                return give(.upstream(failure), exchange, into: &output)
            }
            return .waiting
        }
        if exchange.record.method == .head {
            // A GET that was sent for a HEAD: its content is nobody's.
            if !transfer.isOver { upstream.cancel(transfer) }
            return .finished(exchange.record.persistence)
        }
        passContent(framing, exchange, transfer, into: &output)
        switch transfer.phase {
        case .complete:
            if framing == .chunked { ResponseEncoder.lastChunk(into: &output) }
            return .finished(exchange.record.persistence)
        case .failed(let failure):
            exchange.record.refusal = .upstream(failure)
            return .broken
        case .queued, .connecting, .waitingForHead, .receivingContent: return .waiting
        case .cancelled: preconditionFailure("a cancelled transfer is passed on")
        }
    }

    /// Answers with 304 if the client has what an entry holds.
    private func confirm(
        _ entry: CacheEntry, _ exchange: Exchange, into output: inout ByteBuffer
    ) -> Bool {
        let condition = exchange.condition
        guard !condition.isEmpty, !entry.eTag.isEmpty else { return false }
        let held = entry.bytes
        let isHeld = findHeld(
            held.span.extracting(entry.eTag.range), exchange.cacheRequest?.codings ?? .unsaid
        ) { EntityTagList.names($0, in: condition.span) }
        guard isHeld else { return false }
        exchange.record.status = .notModified
        let texts = exchange.texts
        let own = texts.bytes.span.extracting(texts.ownFields)
        tag.withBytes {
            composer.answerNotModified(
                $0, entry, lifetimeSeconds: entry.remainingLifetimeSeconds(now: now), exchange.record.terms,
                own: own, now: now, into: &output)
        }
        return true
    }

    /// Writes the head of the upstream's answer, and early hints before it; `nil` while there is none.
    private func passHead(
        _ exchange: Exchange, _ transfer: Transfer, into output: inout ByteBuffer
    ) -> ContentFraming? {
        while let interim = transfer.takeInterimHead() {
            // RFC 9110 §15.2: HTTP/1.0 knows no interim answers.
            if exchange.record.version != .http10 { composer.passInterim(interim, into: &output) }
        }
        guard let head = transfer.head, let upstreamFraming = transfer.framing else { return nil }
        guard settleWrite(exchange, transfer, head) else { return nil }
        let framing = ResponseComposer.framing(of: upstreamFraming, for: exchange.record.version)
        if exchange.contentIsOutstanding || framing == .untilClose { exchange.record.persistence = .close }
        exchange.record.status = head.status
        if exchange.record.cacheStatus != nil { exchange.setRole(.single, status: head.status) }
        let texts = exchange.texts
        let own = texts.bytes.span.extracting(texts.ownFields)
        composer.passOn(
            head, framing: framing, exchange.record.terms, own: own,
            nowUnixSeconds: recorder.nowUnixSeconds, into: &output)
        exchange.state = .passing(framing)
        return framing
    }

    private func passContent(
        _ framing: ContentFraming, _ exchange: Exchange, _ transfer: Transfer, into output: inout ByteBuffer
    ) {
        if !exchange.collected.isEmpty {
            let collected = exchange.collected
            exchange.collected = []
            append(collected.span, framing, into: &output)
        }
        guard !transfer.received.isEmpty else { return }
        transfer.received.withBytes { append($0, framing, into: &output) }
        transfer.received.removeAll()
        transfer.didConsume()
    }

    func append(_ content: Span<UInt8>, _ framing: ContentFraming, into output: inout ByteBuffer) {
        switch framing {
        case .chunked: ResponseEncoder.chunk(content, into: &output)
        case .length, .untilClose: output.append(content)
        case .none: break
        }
    }
}
