import Cache
import HTTPModel

/// Stages 11 to 13 for large answers: all who wait for the very same get them as they arrive
/// (docs/decisions/0003).
extension RequestPipeline {
    /// Content taken from an arriving answer at once.
    private static let pieceBytes = 262_144

    /// Takes what has come of an answer that may be stored, and passes it on if it is large.
    func take(_ transfer: Transfer, for exchange: Exchange) {
        if exchange.arriving == nil { beginArrival(exchange, transfer) }
        guard let arriving = exchange.arriving else {
            transfer.received.withBytes { exchange.collected.append($0) }
            transfer.received.removeAll()
            return
        }
        guard !transfer.received.isEmpty else { return }
        transfer.received.withBytes { arriving.append($0) }
        transfer.received.removeAll()
        guard let permit = exchange.permit.take() else { preconditionFailure("a fill without a permit") }
        courier.deliver(cache.collapser.tell(permit, of: arriving))
        exchange.permit = consume permit
    }

    /// An answer is passed on while it arrives if it is large and says how long it is: so whoever is cut off
    /// knows it, and none outgrows what may be stored.
    private func beginArrival(_ exchange: Exchange, _ transfer: Transfer) {
        guard case .length(let length) = transfer.framing, let head = transfer.head,
            let partition = exchange.partition, length >= UInt64(cache.streamedBytes),
            length <= UInt64(cache.maximumEntryBytes)
        else { return }
        let arriving = ArrivingAnswer(
            head: head.withoutValidator, byteCount: Int(length), partition: partition)
        exchange.arriving = arriving
        follow(arriving, exchange)
    }

    /// Has an exchange give an answer as it arrives, if its client wants all of it and nothing else.
    func follow(_ arriving: ArrivingAnswer, _ exchange: Exchange) {
        guard exchange.stream == nil, exchange.connection != nil, exchange.record.method == .get,
            exchange.condition.isEmpty, exchange.widening == nil
        else { return }
        guard let partition = exchange.partition, arriving.belongs(to: partition) else {
            preconditionFailure("an answer of another tenant reached exchange \(exchange.number)")
        }
        exchange.stream = Exchange.Stream(answer: arriving)
    }

    /// The fetch that an exchange gives the answer of is over. Whether its client has got some of it
    /// already; else it is answered as if there had been no stream.
    func leaveFlight(_ exchange: Exchange) -> Bool {
        guard exchange.stream?.sentBytes != nil else {
            exchange.stream = nil
            return false
        }
        exchange.state = .streaming
        return true
    }

    /// A fetch failed of whose answer the client has got some already: the rest of it never comes. Who has
    /// got nothing yet is told, or given what is kept.
    func loseStream(_ exchange: Exchange, _ failure: UpstreamFailure) {
        guard let permit = exchange.permit.take() else { preconditionFailure("a fill without a permit") }
        let kept = exchange.answerOnError(at: now)
        courier.deliver(cache.collapser.end(permit, kept.map { .stale($0) } ?? .failed(failure.number)))
        exchange.record.refusal = .upstream(failure)
        exchange.state = .streaming
    }

    /// Writes what has come of an answer behind what its client has got.
    func produce(
        _ stream: Exchange.Stream, _ exchange: Exchange, into output: inout ByteBuffer
    ) -> Production {
        let answer = stream.answer
        var sent = 0
        if let before = stream.sentBytes {
            sent = before
        } else {
            recorder.streamed()
            exchange.record.status = answer.head.status
            // Said no sooner: an answer that is whole before its head is written is given as any other.
            let isLeader = exchange.arriving === answer
            exchange.setRole(
                isLeader ? .single : .collapsed, status: isLeader ? answer.head.status : nil,
                detail: .streamed)
            let texts = exchange.texts
            let own = texts.bytes.span.extracting(texts.ownFields)
            composer.passOn(
                answer.head, framing: .length(UInt64(answer.byteCount)), exchange.record.terms,
                own: own, nowUnixSeconds: recorder.nowUnixSeconds, into: &output)
        }
        let state = answer.read(from: sent, atMost: Self.pieceBytes) { bytes in
            output.append(bytes)
            sent += bytes.count
        }
        exchange.stream?.sentBytes = sent
        if sent == answer.byteCount {
            // Its fetch has yet to be taken down.
            if case .streaming = exchange.state { return .finished(exchange.record.persistence) }
            return .waiting
        }
        switch (state, exchange.state) {
        case (.whole, _): return .more
        case (.arriving, .filling), (.arriving, .following): return .waiting
        // Whoever fetched it has gone, for whatever reason.
        case (.broken, _), (.arriving, _):
            exchange.record.refusal = exchange.record.refusal ?? .upstream(.responseIncomplete)
            return .broken
        }
    }
}

extension Exchange {
    /// An answer that a client is given as it arrives.
    struct Stream {
        /// The answer.
        let answer: ArrivingAnswer
        /// Content that has been written; `nil` before the head has.
        var sentBytes: Int?
    }
}

extension ResponseHead {
    /// The same without `ETag`: stored answers have tags of the gateway's own, and two for the same bytes
    /// would help nobody.
    fileprivate var withoutValidator: ResponseHead {
        var head = self
        head.fields.removeAll { $0.known == .eTag }
        return head
    }
}
