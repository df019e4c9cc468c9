import HTTPModel

/// From the socket to the application: reads, decrypts, and walks through the requests in the bytes.
extension DownstreamConnection {
    /// Bytes taken from a plain socket at once; the TLS pipe has its own, equal measure.
    private static let readBytes = 65_536
    /// Plaintext asked of TLS at once: one full record.
    private static let recordBytes = 16_384
    /// Requests answered in one turn, before the next connection has its turn.
    private static let requestsPerTurn = 64
    /// Output that is sent before more is produced in the same turn.
    static let outputMarkBytes = 262_144
    /// Content of an already answered request that is read and dropped for the sake of the connection; beyond
    /// it closing is cheaper.
    static let maximumDiscardBytes = 65_536

    /// The socket has bytes, or the end of them.
    func readable(_ worker: Worker) {
        switch phase {
        case .handshaking: shakeHands(worker)
        case .open where wantsInput: receive(worker)
        case .open: break
        case .lingering: drainLingering(worker)
        case .finishing, .closed: break
        }
    }

    /// Something came while only the upstream's answer was missing: the end of a client that has gone, or its
    /// next request, which waits in the socket until then.
    func unasked(_ readiness: Readiness, _ worker: Worker) {
        if readiness.hasPeerEnded { return worker.close(self, .abort) }
        guard let number = descriptor?.number else { return }
        interest = .peerClosed
        worker.epoll.modify(number, interest, token: registration.token)
    }

    private func shakeHands(_ worker: Worker) {
        guard worker.takeHandshakeTurn() else { return }
        guard receiveCiphertext(worker) else { return }
        switch session?.advanceHandshake() {
        case .needsInput:
            guard flush(worker) else { return }
        case .complete:
            worker.application.note(.handshakeCompleted(resumed: session?.isResumed == true), worker)
            phase = .open
            tlsVersion = session?.version
            clock.requestEnded(now: worker.now)
            guard flush(worker), decrypt(worker) else { return }
            advance(worker)
        case .failed, nil:
            worker.pipe.discardInput()
            worker.application.note(.handshakeFailed, worker)
            // The alert that says why goes out before the close.
            if flush(worker) { worker.close(self, .orderly) }
        }
    }

    private func receive(_ worker: Worker) {
        if session != nil {
            guard receiveCiphertext(worker), decrypt(worker) else { return }
        } else {
            guard receivePlain(worker) else { return }
        }
        clock.received(now: worker.now)
        advance(worker)
    }

    /// Reads into the worker's buffer, or behind what this connection has left over.
    private func receivePlain(_ worker: Worker) -> Bool {
        guard descriptor != nil else { return false }
        let outcome =
            input.isEmpty
            ? worker.read(self, maximum: Self.readBytes) : readBehindRest(maximum: Self.readBytes)
        return goOn(after: outcome, worker)
    }

    private func readBehindRest(maximum: Int) -> TransferOutcome {
        guard let open = descriptor.take() else { return .ended }
        let outcome = SystemCall.read(open, into: &input, maximum: maximum)
        descriptor = consume open
        return outcome
    }

    private func receiveCiphertext(_ worker: Worker) -> Bool {
        guard let open = descriptor.take() else { return false }
        let outcome = worker.pipe.receive(open)
        descriptor = consume open
        return goOn(after: outcome, worker)
    }

    private func goOn(after outcome: TransferOutcome, _ worker: Worker) -> Bool {
        switch outcome {
        case .moved: return true
        case .wouldBlock: return false
        case .ended:
            worker.close(self, exchange == nil ? .orderly : .abort)
            return false
        case .lost:
            worker.close(self, .abort)
            return false
        }
    }

    /// Decrypts all that was received, so that nothing of this connection stays in the worker's pipe.
    private func decrypt(_ worker: Worker) -> Bool {
        while worker.pipe.hasInput || session?.hasPending == true {
            let progress =
                input.isEmpty
                ? session?.decrypt(into: &worker.inbound, maximum: Self.recordBytes)
                : session?.decrypt(into: &input, maximum: Self.recordBytes)
            switch progress {
            case .moved: continue
            case .needsInput:
                precondition(!worker.pipe.hasInput, "TLS left ciphertext behind")
                return true
            case .ended:
                // What came before the goodbye is still served; whatever follows it is not.
                hasPeerEnded = true
                worker.pipe.discardInput()
                return true
            case .failed, nil:
                worker.pipe.discardInput()
                worker.inbound.removeAll()
                _ = flush(worker)
                worker.close(self, .abort)
                return false
            }
        }
        return true
    }

    /// Takes the requests out of the received bytes one after the other, and sends what they are answered
    /// with. Every way out leaves the worker's buffers empty.
    func advance(_ worker: Worker) {
        // Also when the connection is lost half-way: what it left in the shared buffer would be read as the
        // next connection's.
        defer { keepRest(worker) }
        var budget = Self.requestsPerTurn
        while phase == .open {
            let step = takeStep(worker, budget: &budget)
            // The last answer goes out now, so that the goodbye of TLS comes behind it
            // (`TLSTests.theLastAnswerIsFollowedByAGoodbye`).
            if worker.outbound.count >= Self.outputMarkBytes || step != .again || phase != .open {
                guard flush(worker) else { return }
                if !pendingOutput.isEmpty { break }
            }
            if step == .wait { break }
            if step == .turnOver {
                worker.goOnLater(self)
                break
            }
        }
    }

    private enum Step { case again, sendFirst, wait, turnOver }

    private func takeStep(_ worker: Worker, budget: inout Int) -> Step {
        if let exchange, http.owesAnswer {
            switch exchange.produce(into: &worker.outbound) {
            case .waiting: if !http.awaitsContent { return .wait }
            case .more: return .sendFirst
            case .finished(let persistence):
                self.exchange = nil
                answered(persistence, worker)
                return .again
            case .broken:
                // It is over already: closing must not give it up once more.
                self.exchange = nil
                worker.close(self, .reset)
                return .wait
            }
        }
        if budget == 0 { return hasInput(worker) ? .turnOver : .wait }
        // The connection holds it: nothing on the way of an answer keeps another one in its place.
        if hasInput(worker), let kept = repeated.map({ Borrowed($0) }),
            kept.read({ takeRepeated($0, worker) })
        {
            budget -= 1
            return .again
        }
        return takeInput(worker, budget: &budget)
    }

    /// Answers the next request, if it says byte for byte what one before on this connection said and can be
    /// answered for that; else nothing has been taken. Not the last request of a connection, whose answer is
    /// another one.
    private func takeRepeated(_ repeated: RepeatedRequest, _ worker: Worker) -> Bool {
        guard http.isBetweenRequests, !worker.isDraining,
            http.requestCount + 1 < listener.policy.maximumRequestsPerConnection,
            input.isEmpty
                ? worker.inbound.withBytes({ repeated.isBegin(of: $0) })
                : input.withBytes({ repeated.isBegin(of: $0) }),
            case .answered(let persistence) = worker.application.answer(
                repeated, facts(worker, contentHasArrived: false), worker)
        else { return false }
        repetition.matches()
        http.takeRepeated()
        clock.requestBegan(now: worker.now)
        drop(repeated.headByteCount, worker)
        answered(persistence, worker)
        return true
    }

    private func takeInput(_ worker: Worker, budget: inout Int) -> Step {
        var window = Int.max
        if http.awaitsContent, let exchange {
            window = exchange.contentRoomBytes
            contentIsBlocked = window == 0
            clock.contentBlocked(contentIsBlocked, now: worker.now)
            if contentIsBlocked { return .wait }
        }
        let event = look(worker, window: window)
        switch event {
        case .request(let headBytes):
            budget -= 1
            return begin(worker, headBytes: headBytes)
        case .content(let range, let consumed):
            take(content: range, worker)
            drop(consumed, worker)
            return phase == .open ? .again : .sendFirst
        case .endOfContent(let consumed):
            drop(consumed, worker)
            exchange?.finishContent()
            clock.contentEnded(now: worker.now)
            return .again
        case .needMore(let consumed):
            drop(consumed, worker)
            if consumed > 0 && hasInput(worker) { return .again }
            clock.waiting(forHead: http.awaitsHead, begun: hasInput(worker), now: worker.now)
            return .wait
        case .answerOwed: return .wait
        case .refused(let refusal):
            refuse(refusal, worker)
            return .sendFirst
        }
    }

    private func begin(_ worker: Worker, headBytes: Int) -> Step {
        if http.requestCount == listener.policy.maximumRequestsPerConnection {
            worker.application.note(.lastRequest, worker)
        }
        let handling =
            input.isEmpty
            ? worker.inbound.withBytes { handle($0, headBytes: headBytes, worker) }
            : input.withBytes { handle($0, headBytes: headBytes, worker) }
        clock.requestBegan(now: worker.now)
        drop(headBytes, worker)
        if let kept = worker.application.takeKept() {
            repeated = kept
            repetition.keeps()
        }
        switch handling {
        case .answered(let persistence):
            answered(persistence, worker)
            return .again
        case .pending(let exchange):
            self.exchange = exchange
            return .again
        }
    }

    private func handle(_ bytes: Span<UInt8>, headBytes: Int, _ worker: Worker) -> Handling {
        let facts = facts(
            worker, contentHasArrived: bytes.count > headBytes, mayBeKept: repetition.misses())
        return worker.application.handle(bytes.extracting(first: headBytes), facts, worker)
    }

    private func facts(
        _ worker: Worker, contentHasArrived: Bool, mayBeKept: Bool = false
    ) -> Downstream {
        Downstream(
            address: peer.address, tls: tlsVersion,
            isLast: worker.isDraining || http.requestCount >= listener.policy.maximumRequestsPerConnection,
            registration: registration, contentHasArrived: contentHasArrived, mayBeKept: mayBeKept,
            headBeganAt: clock.headBegan(now: worker.now), startedAt: worker.now)
    }

    /// The answer to the present request is whole in the output.
    private func answered(_ persistence: Persistence, _ worker: Worker) {
        http.answerGiven()
        discardedBytes = 0
        contentIsBlocked = false
        clock.requestEnded(now: worker.now)
        if persistence == .close {
            http.stopReading()
            phase = .finishing
        }
    }

    private func take(content range: ByteRange, _ worker: Worker) {
        clock.receivedContent(range.count)
        guard let exchange else {
            discardedBytes += Int(range.count)
            if discardedBytes > Self.maximumDiscardBytes {
                http.stopReading()
                phase = .finishing
            }
            return
        }
        if input.isEmpty {
            worker.inbound.withBytes { exchange.offer(content: $0.extracting(range.range)) }
        } else {
            input.withBytes { exchange.offer(content: $0.extracting(range.range)) }
        }
    }

    /// Refuses what cannot be framed. Once an answer has begun there is no room for another: the connection
    /// is reset instead, and the upstream's transfer with it.
    private func refuse(_ refusal: MessageRefusal, _ worker: Worker) {
        if let exchange {
            let begun = exchange.answerHasBegun
            exchange.abandon()
            self.exchange = nil
            if begun {
                worker.close(self, .reset)
                return
            }
        }
        worker.application.refuse(refusal, facts(worker, contentHasArrived: false), worker)
        phase = .finishing
    }

    /// The client is late with the rest of a request. It is told, unless its answer has begun.
    func refuseLate(_ worker: Worker) {
        if let exchange {
            let begun = exchange.answerHasBegun
            exchange.abandon()
            self.exchange = nil
            guard !begun else { return worker.close(self, .reset) }
        } else if http.awaitsContent && !http.owesAnswer {
            // The answer has been given; only content that nobody wants is missing.
            return worker.close(self, .orderly)
        }
        worker.application.refuseLate(facts(worker, contentHasArrived: false), worker)
        http.stopReading()
        phase = .finishing
        if flush(worker) { settle(worker) }
    }

    private func look(_ worker: Worker, window: Int) -> HTTP1Connection.Event {
        if input.isEmpty {
            return worker.inbound.withBytes { bytes in
                http.next(bytes.extracting(first: min(window, bytes.count)), into: &worker.head)
            }
        }
        return input.withBytes { bytes in
            http.next(bytes.extracting(first: min(window, bytes.count)), into: &worker.head)
        }
    }

    private func hasInput(_ worker: Worker) -> Bool { !input.isEmpty || !worker.inbound.isEmpty }

    private func drop(_ count: Int, _ worker: Worker) {
        if input.isEmpty { worker.inbound.consume(count) } else { input.consume(count) }
    }

    /// Keeps what is left of the shared buffer, which the next connection will use, and gives back the memory
    /// of a buffer that is no longer needed.
    private func keepRest(_ worker: Worker) {
        if phase == .open || phase == .finishing {
            if !worker.inbound.isEmpty { worker.inbound.withBytes { input.append($0) } }
        }
        worker.inbound.removeAll()
        if input.isEmpty && input.capacity > 0 { input.release() }
    }

    private func drainLingering(_ worker: Worker) {
        guard let open = descriptor.take() else { return }
        let outcome = SystemCall.read(open, into: &worker.inbound, maximum: Self.readBytes)
        descriptor = consume open
        worker.inbound.removeAll()
        discardedBytes += Self.readBytes
        switch outcome {
        case .moved where discardedBytes <= 16 * Self.maximumDiscardBytes: break
        case .wouldBlock: break
        case .moved, .ended, .lost: worker.close(self, .orderly)
        }
    }
}
