package import HTTPModel
import Locking

/// What all workers know together about the health of the upstream: its circuit, one circuit for each
/// credential in trouble, and the budget for repetitions.
///
/// One lock, taken when a transfer begins and when it ends; never by a hit. Nothing here waits or reads a
/// clock.
///
/// *What counts as a failure of the upstream:* no connection, whoever asked for it. *What counts as a failure
/// of a credential:* an answer 500, 502, 503 or 504, an answer that does not come in time, breaks off or
/// cannot be trusted. Such a failure may lie in the request, so that it says nothing about others' requests:
/// it opens the circuit of the upstream only when several credentials see it in a row, without a good answer
/// to anybody between. So one tenant's poison closes the way to that tenant alone.
package final class HealthTracker: Sendable {
    /// How a transfer ended, as far as health is concerned.
    package enum Outcome: Sendable, Hashable {
        /// With an answer that was meant.
        case answered
        /// Without a connection.
        case notConnected
        /// Without an answer, or with one that says that there is none.
        case notAnswered
        /// Nobody waited for the end.
        case unknown
    }

    /// The right to one transfer.
    package struct Pass: Sendable, Hashable {
        let credential: UInt64
        fileprivate let triesUpstream: Bool
        fileprivate let triesCredential: Bool

        /// Whether it decides for others: it is sent once, and never again.
        var isTrial: Bool { triesUpstream || triesCredential }
    }

    /// The answer to a request.
    package enum Admission: Sendable, Hashable {
        /// It may be sent.
        case admitted(Pass)
        /// It may not; it may be asked again after so many seconds.
        case refused(retryAfterSeconds: UInt16)
    }

    private struct State {
        var upstream = CircuitBreaker()
        /// Of the failures in a row: whose the first was, and whether they are more than one credential's.
        var firstFailing: UInt64?
        var isShared = false
        /// Circuits that are not untroubled, by credential.
        var credentials: [UInt64: CircuitBreaker] = [:]
        var budget = RetryBudget()
        var report = HealthReport()
    }

    /// Credentials in trouble that are told apart; further ones count for the upstream alone.
    static let maximumCredentials = 4_096
    /// For how long an unhealthy probe closes the way, if no other comes.
    private static let probeHold = Duration.seconds(3_600)

    private let rule: CircuitRule
    private let retries: RetryPolicy
    private let state = Lock(State())

    /// Everything is well.
    package init(rule: CircuitRule, retries: RetryPolicy) {
        self.rule = rule
        self.retries = retries
    }

    /// Takes a request of a credential, by its identity; 0 for requests without one.
    package func admit(credential: UInt64, at now: MonotonicInstant) -> Admission {
        state.withLock { state in
            var own = state.credentials[credential] ?? CircuitBreaker()
            if let until = own.refusal(at: now) ?? state.upstream.refusal(at: now) {
                state.report.refusedCount += 1
                return .refused(retryAfterSeconds: seconds(until: until, now))
            }
            let triesUpstream = state.upstream.admit(at: now, by: rule) == .trial
            let triesCredential = own.admit(at: now, by: rule) == .trial
            if triesCredential { state.credentials[credential] = own }
            state.budget.request(percent: retries.budgetPercent)
            return .admitted(
                Pass(credential: credential, triesUpstream: triesUpstream, triesCredential: triesCredential))
        }
    }

    /// Takes how a transfer ended.
    package func note(_ outcome: Outcome, _ pass: Pass, at now: MonotonicInstant) {
        state.withLock { state in
            switch outcome {
            case .answered:
                state.firstFailing = nil
                state.isShared = false
                noteUpstream(.success, pass, &state, now)
                noteCredential(.success, pass, &state, now)
            case .notConnected:
                state.isShared = true
                noteUpstream(.failure, pass, &state, now)
                noteCredential(.unknown, pass, &state, now)
            case .notAnswered:
                let first = state.firstFailing ?? pass.credential
                state.firstFailing = first
                if first != pass.credential { state.isShared = true }
                noteUpstream(.failure, pass, &state, now)
                noteCredential(.failure, pass, &state, now)
            case .unknown:
                noteUpstream(.unknown, pass, &state, now)
                noteCredential(.unknown, pass, &state, now)
            }
        }
    }

    /// Whether a request that failed may be sent once more: nobody is in doubt about the upstream, and the
    /// budget allows it. Takes from the budget.
    package func takeRepetition(_ pass: Pass) -> Bool {
        state.withLock { state in
            guard !pass.isTrial, !state.upstream.isOpen, state.credentials[pass.credential]?.isOpen != true
            else { return false }
            guard state.budget.take() else {
                state.report.deniedRepetitionCount += 1
                return false
            }
            return true
        }
    }

    /// Takes what an active probe found: an unhealthy upstream is not asked until a probe finds it healthy;
    /// then one request tries.
    package func probed(isHealthy: Bool, at now: MonotonicInstant) {
        state.withLock { state in
            state.report.probe = isHealthy ? .healthy : .unhealthy
            if isHealthy {
                state.upstream.letTry(at: now)
            } else if state.upstream.open(at: now, for: Self.probeHold, by: rule) {
                state.report.openedCount += 1
            }
        }
    }

    /// Counts a probe.
    package func countProbe(isGood: Bool) {
        state.withLock { state in
            if isGood { state.report.goodProbeCount += 1 } else { state.report.badProbeCount += 1 }
        }
    }

    /// What there is to tell.
    package func report() -> HealthReport {
        state.withLock { state in
            var report = state.report
            switch state.upstream.state {
            case .closed: report.circuit = .closed
            case .open: report.circuit = .open
            case .trying: report.circuit = .halfOpen
            }
            report.openCredentialCount = state.credentials.values.count { $0.isOpen }
            return report
        }
    }

    private func noteUpstream(
        _ outcome: CircuitBreaker.Outcome, _ pass: Pass, _ state: inout State, _ now: MonotonicInstant
    ) {
        let opened = state.upstream.note(
            outcome, isTrial: pass.triesUpstream, mayOpen: state.isShared, at: now, by: rule)
        if opened { state.report.openedCount += 1 }
    }

    private func noteCredential(
        _ outcome: CircuitBreaker.Outcome, _ pass: Pass, _ state: inout State, _ now: MonotonicInstant
    ) {
        let known = state.credentials[pass.credential]
        if known == nil, outcome != .failure || state.credentials.count >= Self.maximumCredentials { return }
        var own = known ?? CircuitBreaker()
        if own.note(outcome, isTrial: pass.triesCredential, at: now, by: rule) {
            state.report.openedForCredentialCount += 1
        }
        state.credentials[pass.credential] = own.isUntroubled ? nil : own
    }

    /// Seconds for `Retry-After`: at least one, and no more than the circuit is open by itself.
    private func seconds(until: MonotonicInstant, _ now: MonotonicInstant) -> UInt16 {
        let wait = min(until.elapsed(since: now), rule.openTime).nanoseconds
        return UInt16(clamping: max(1, (wait + 999_999_999) / 1_000_000_000))
    }
}

extension HealthTracker.Outcome {
    /// What the end of a transfer says about the upstream.
    init(of transfer: Transfer, endingAs phase: Transfer.Phase) {
        switch phase {
        case .failed(let failure):
            self.init(failure, hasHead: transfer.head != nil, wasSent: transfer.connection != nil)
        // What is given up after its head has said what the head says.
        case .complete, .cancelled, .queued, .connecting, .waitingForHead, .receivingContent:
            switch transfer.status?.rawValue {
            case nil: self = .unknown
            case 500, 502, 503, 504: self = .notAnswered
            case .some: self = .answered
            }
        }
    }

    /// What a failure says: nothing if it lies with the client or with the gateway. An answer that has begun
    /// and takes too long may have a slow reader, and a request that was never sent waited for others.
    init(_ failure: UpstreamFailure, hasHead: Bool, wasSent: Bool) {
        switch failure {
        case .nameNotResolved, .connectRefused, .unreachable, .connectTimeout, .tlsCertificate, .tlsProtocol:
            self = .notConnected
        case .totalTimeout: self = hasHead || !wasSent ? .unknown : .notAnswered
        case .firstByteTimeout, .connectionClosed, .responseIncomplete, .responseInvalid, .headTooLarge,
            .upgradeNotAsked:
            self = .notAnswered
        case .uploadAborted, .tooManyWaiting, .circuitOpen, .library: self = .unknown
        }
    }
}

/// What `/status` and the metrics tell of the upstream's health.
package struct HealthReport: Sendable, Hashable {
    /// Where a circuit stands.
    package enum Circuit: Int64, Sendable, Hashable {
        case closed = 0
        case halfOpen = 1
        case open = 2

        /// The word in `/status`.
        package var word: String {
            switch self {
            case .closed: "closed"
            case .halfOpen: "half-open"
            case .open: "open"
            }
        }
    }

    /// What active probes say.
    package enum Probe: String, Sendable, Hashable {
        /// None has decided yet, or none is sent.
        case unknown
        case healthy
        case unhealthy
    }

    /// The upstream's circuit.
    package internal(set) var circuit = Circuit.closed
    /// Credentials whose own circuit is not closed.
    package internal(set) var openCredentialCount = 0
    /// How often the upstream's circuit opened.
    package internal(set) var openedCount: UInt64 = 0
    /// How often a credential's did.
    package internal(set) var openedForCredentialCount: UInt64 = 0
    /// Requests that were not sent because of a circuit.
    package internal(set) var refusedCount: UInt64 = 0
    /// Requests that were not sent once more because the budget was used up.
    package internal(set) var deniedRepetitionCount: UInt64 = 0
    /// What the probes say.
    package internal(set) var probe = Probe.unknown
    /// Probes that were answered well.
    package internal(set) var goodProbeCount: UInt64 = 0
    /// Those that were not.
    package internal(set) var badProbeCount: UInt64 = 0

    /// Nothing has happened yet.
    package init() {}
}
