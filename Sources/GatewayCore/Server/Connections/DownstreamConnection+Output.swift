import HTTPModel

/// From the worker's output to the socket: encrypts, writes, keeps what the socket did not take.
extension DownstreamConnection {
    /// Sends what was produced in this turn: one write(2), whatever the number of answers. False when the
    /// connection is lost; then it is closed.
    func flush(_ worker: Worker) -> Bool {
        if session != nil {
            if !worker.outbound.isEmpty {
                precondition(pendingOutput.isEmpty, "output overtakes output")
                guard session?.encrypt(&worker.outbound) == true else {
                    worker.outbound.removeAll()
                    worker.pipe.discardOutput()
                    worker.close(self, .abort)
                    return false
                }
            }
            guard worker.pipe.hasOutput else { return true }
            return goOn(after: sendCiphertext(worker), worker)
        }
        guard !worker.outbound.isEmpty else { return true }
        precondition(pendingOutput.isEmpty, "output overtakes output")
        guard let open = descriptor.take() else { return false }
        let outcome = SystemCall.write(open, from: &worker.outbound)
        descriptor = consume open
        if !worker.outbound.isEmpty {
            worker.outbound.withBytes { pendingOutput.append($0) }
            worker.outbound.removeAll()
        }
        return goOn(after: outcome, worker)
    }

    /// Sends what the socket did not take before. False when the connection is lost.
    func sendPending(_ worker: Worker) -> Bool {
        guard let open = descriptor.take() else { return false }
        let outcome = SystemCall.write(open, from: &pendingOutput)
        descriptor = consume open
        if pendingOutput.isEmpty { pendingOutput.release() }
        return goOn(after: outcome, worker)
    }

    /// Everything is sent. Says goodbye and waits a moment for the client to read it: closing with unread
    /// input would make the kernel send a reset, and the reset can overtake the answer.
    func finish(_ worker: Worker) {
        precondition(worker.outbound.isEmpty, "the goodbye overtakes \(worker.outbound.count) bytes")
        session?.sayGoodbye()
        guard flush(worker) else { return }
        descriptor?.endSending()
        input.release()
        discardedBytes = 0
        phase = .lingering
        clock.lingering(now: worker.now)
    }

    private func sendCiphertext(_ worker: Worker) -> TransferOutcome {
        guard let open = descriptor.take() else { return .wouldBlock }
        let outcome = worker.pipe.send(open, rest: &pendingOutput)
        descriptor = consume open
        return outcome
    }

    private func goOn(after outcome: TransferOutcome, _ worker: Worker) -> Bool {
        switch outcome {
        case .moved:
            clock.sent(now: worker.now)
            return true
        case .wouldBlock: return true
        case .ended, .lost:
            worker.close(self, .abort)
            return false
        }
    }
}
