import Cache
import HTTPModel

/// Writes, as the cache sees them: nothing that a write can have changed is answered once its own answer is
/// sent, whoever asks.
extension RequestPipeline {
    /// Bytes of an answer to a write that are waited for, to see what was made: far more than one row has.
    private static let maximumMadeAnswerBytes = 12_288

    /// Before a write is sent on. A row that is known is no answer from now on; of one that is yet to be made
    /// nothing is known, and until its answer is sent nobody can know that it is there.
    func announceWrite(_ exchange: Exchange) {
        switch exchange.write {
        case .nothing, .making: break
        case .row(let row): note(.row(row), exchange)
        case .everything: note(.everything, exchange)
        }
    }

    /// Before a byte of the answer to a write is sent: takes down what it wrote. `false` while more of the
    /// answer is needed to tell.
    func settleWrite(_ exchange: Exchange, _ transfer: Transfer, _ head: ResponseHead) -> Bool {
        guard !exchange.writeIsSettled else { return true }
        switch exchange.write {
        case .nothing: break
        case .row(let row): note(.row(row), exchange)
        case .everything: note(.everything, exchange)
        case .making(let list):
            guard (200...299).contains(head.status.rawValue) else {
                // Nobody says that a refusal has done nothing.
                note(.everything, exchange)
                break
            }
            switch transfer.phase {
            case .complete:
                let made = transfer.received.withBytes { RowWrite(madeIn: list, answer: $0) }
                note(made.map { .row($0) } ?? .everything, exchange)
            case .queued, .connecting, .waitingForHead, .receivingContent:
                if transfer.received.count < Self.maximumMadeAnswerBytes { return false }
                note(.everything, exchange)
            case .failed, .cancelled: note(.everything, exchange)
            }
        }
        exchange.writeIsSettled = true
        return true
    }

    /// A write without an answer: whether the upstream carried it out nobody knows.
    func loseWrite(_ exchange: Exchange) {
        guard !exchange.writeIsSettled else { return }
        switch exchange.write {
        case .nothing: return
        case .row, .making, .everything: note(.everything, exchange)
        }
        exchange.writeIsSettled = true
    }

    private func note(_ effect: WriteEffect, _ exchange: Exchange) {
        if let tenant = exchange.record.tenant { cache.invalidate(tenant.partition, effect) }
    }
}

extension WriteScope {
    /// Whether its answer will name what it made.
    var isMaking: Bool {
        switch self {
        case .making: true
        case .nothing, .row, .everything: false
        }
    }
}
