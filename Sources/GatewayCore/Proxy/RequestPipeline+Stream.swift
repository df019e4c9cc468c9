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
        if transfer.received.isEmpty { return }
        guard arriving.hasRoom(for: transfer.received.count) else { return outgrow(exchange, arriving) }
        courier.deliver(transfer.received.withBytes { arriving.append($0) })
        transfer.received.removeAll()
    }

    /// An answer is passed on while it arrives if it is large: by the length it states, or, without one, once
    /// so much of it has come. Either way whoever is cut off knows it.
    private func beginArrival(_ exchange: Exchange, _ transfer: Transfer) {
        guard let head = transfer.head, let framing = transfer.framing, let partition = exchange.partition
        else { return }
        let arriving: ArrivingAnswer
        switch framing {
        case .length(let length):
            guard length >= UInt64(cache.streamedBytes), length <= UInt64(cache.maximumEntryBytes) else {
                return
            }
            arriving = ArrivingAnswer(
                head: head.withoutValidator, length: Int(length), partition: partition)
        case .chunked:
            let count = exchange.collected.count + transfer.received.count
            // One that is whole already, or lost, is given as any other.
            guard !transfer.isOver, count >= cache.streamedBytes, count <= cache.maximumEntryBytes else {
                return
            }
            let collected = exchange.collected
            exchange.collected = []
            arriving = ArrivingAnswer(
                head: head.withoutValidator, collected: collected, windowBytes: cache.maximumEntryBytes,
                partition: partition)
        case .none, .untilClose: return
        }
        exchange.arriving = arriving
        follow(arriving, exchange)
        guard let permit = exchange.permit.take() else { preconditionFailure("a fill without a permit") }
        courier.deliver(cache.collapser.tell(permit, of: arriving))
        exchange.permit = consume permit
    }

    /// Has an exchange give an answer as it arrives, if its client wants all of it and nothing else. Where
    /// the end of the connection is the end, as in HTTP/1.0 without a length, a cut would not show.
    func follow(_ arriving: ArrivingAnswer, _ exchange: Exchange) {
        guard exchange.stream == nil, exchange.connection != nil, exchange.record.method == .get,
            exchange.condition.isEmpty, exchange.widening == nil,
            arriving.length != nil || exchange.record.version != .http10
        else { return }
        read(arriving, exchange)
    }

    private func read(_ arriving: ArrivingAnswer, _ exchange: Exchange) {
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

    /// An answer without a length is larger than what may be stored. Whoever has got nothing of it fetches
    /// for itself; the others go on getting it at the pace of the client that fetches, which alone holds the
    /// upstream back.
    private func outgrow(_ exchange: Exchange, _ arriving: ArrivingAnswer) {
        noteTooLarge(exchange)
        guard exchange.connection != nil, exchange.record.method == .get, exchange.widening == nil else {
            // Nobody is there to set the pace.
            courier.deliver(arriving.abandon())
            exchange.arriving = nil
            return passOn(exchange, because: .tooLarge)
        }
        guard let permit = exchange.permit.take() else { preconditionFailure("a fill without a permit") }
        // First, so that none of those who are told begins to read it still.
        arriving.outgrow()
        courier.deliver(cache.collapser.end(permit, .goAlone))
        if exchange.stream == nil { read(arriving, exchange) }
        exchange.state = .sharing
    }

    /// From now on nobody follows a fetch of the same for a while.
    func noteTooLarge(_ exchange: Exchange) {
        guard let permit = exchange.permit.take() else { preconditionFailure("a fill without a permit") }
        cache.collapser.noteTooLarge(permit, now: now)
        exchange.permit = consume permit
    }

    /// The client has gone at whose pace an answer came that others read along.
    func stopSharing(_ exchange: Exchange) {
        guard let arriving = exchange.arriving else { preconditionFailure("nothing is shared") }
        courier.deliver(arriving.abandon())
    }

    /// Takes in more of a shared answer, once the client that fetches it has been given all before: less than
    /// would push out what those who are as quick as it have yet to read.
    private func takeMore(_ answer: ArrivingAnswer, behind sentBytes: Int, _ exchange: Exchange) {
        guard let transfer = exchange.transfer else { preconditionFailure("nothing to share") }
        guard sentBytes == answer.receivedBytes else { return }
        let count = min(transfer.received.count, Self.pieceBytes, answer.windowBytes / 2)
        if count > 0 {
            courier.deliver(transfer.received.withBytes { answer.append($0.extracting(0..<count)) })
            transfer.received.consume(count)
            transfer.didConsume()
        }
        guard transfer.received.isEmpty else { return }
        switch transfer.phase {
        case .complete: courier.deliver(answer.finish())
        case .failed(let failure):
            exchange.record.refusal = .upstream(failure)
            courier.deliver(answer.breakOff())
        case .queued, .connecting, .waitingForHead, .receivingContent: break
        case .cancelled: preconditionFailure("a cancelled transfer is shared")
        }
    }

    /// Writes what has come of an answer behind what its client has got.
    func produce(
        _ stream: Exchange.Stream, _ exchange: Exchange, into output: inout ByteBuffer
    ) -> Production {
        let answer = stream.answer
        let framing = framing(of: answer, for: exchange)
        if stream.sentBytes == nil {
            // Where its flight is over already, the news of that are on their way.
            if case .following = exchange.state, !answer.isUnderWay { return .waiting }
            begin(answer, framing, exchange, into: &output)
        }
        var sent = stream.sentBytes ?? 0
        if case .sharing = exchange.state { takeMore(answer, behind: sent, exchange) }
        let reader =
            exchange.arriving === answer ? nil : Waiter(worker: workerIndex, token: exchange.number)
        let state = answer.read(from: sent, atMost: Self.pieceBytes, for: reader) { bytes in
            append(bytes, framing, into: &output)
            sent += bytes.count
        }
        exchange.stream?.sentBytes = sent
        return production(state, framing, exchange, into: &output)
    }

    /// What becomes of a client that has been given all up to here.
    private func production(
        _ state: ArrivingAnswer.State, _ framing: ContentFraming, _ exchange: Exchange,
        into output: inout ByteBuffer
    ) -> Production {
        switch (state, exchange.state) {
        case (.more, _): return .more
        // Whatever has become of it, the news that the flight is over are still to come.
        case (_, .filling), (_, .following): return .waiting
        case (.whole, _):
            if framing == .chunked { ResponseEncoder.lastChunk(into: &output) }
            return .finished(exchange.record.persistence)
        case (.arriving, .sharing): return exchange.transfer?.received.isEmpty == true ? .waiting : .more
        case (.arriving, _): return .waiting
        case (.passed, _): exchange.record.refusal = .streamOutrun
        case (.abandoned, _): exchange.record.refusal = .streamAbandoned
        case (.broken, _):
            exchange.record.refusal = exchange.record.refusal ?? .upstream(.responseIncomplete)
        }
        return .broken
    }

    /// Writes the head. Only now it is said that the answer is passed on: one that is whole before is given
    /// as any other.
    private func begin(
        _ answer: ArrivingAnswer, _ framing: ContentFraming, _ exchange: Exchange,
        into output: inout ByteBuffer
    ) {
        exchange.record.status = answer.head.status
        switch exchange.state {
        case .sharing:
            exchange.setRole(.single, status: answer.head.status, detail: .notStored(.tooLarge))
            if framing == .untilClose { exchange.record.persistence = .close }
        case .following:
            recorder.streamed()
            exchange.setRole(.collapsed, detail: .streamed)
        case .filling, .passing, .delivering, .streaming, .refusing, .ended:
            recorder.streamed()
            exchange.setRole(.single, status: answer.head.status, detail: .streamed)
        }
        let texts = exchange.texts
        composer.passOn(
            answer.head, framing: framing, exchange.record.terms,
            own: texts.bytes.span.extracting(texts.ownFields), nowUnixSeconds: recorder.nowUnixSeconds,
            into: &output)
    }

    /// How an arriving answer goes to a client.
    private func framing(of answer: ArrivingAnswer, for exchange: Exchange) -> ContentFraming {
        if let length = answer.length { return .length(UInt64(length)) }
        return ResponseComposer.framing(of: .chunked, for: exchange.record.version)
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
