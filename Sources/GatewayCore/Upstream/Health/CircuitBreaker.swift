package import HTTPModel

/// When something upstream is no longer asked, and when it is tried again.
package struct CircuitRule: Sendable, Hashable {
    /// Failures in a row, without a success between them, after which nothing is asked; 0: never [5].
    package var failures = 5
    /// For how long nothing is asked then, before one request tries again [5s].
    package var openTime: Duration = .seconds(5)
    /// How long a trial may take before another one is let through: longer than any transfer lives [30s].
    package var trialTime: Duration = .seconds(30)

    /// The defaults.
    package init() {}
}

/// Whether one thing is asked at the moment: the upstream, or the upstream under one credential.
///
/// A machine: events and the time in, what to do out. *Closed*, everything is asked and failures in a row are
/// counted; any success forgets them. After so many the circuit *opens*: nothing is asked for a while. Then
/// one request at a time *tries* (half-open): its success closes the circuit, its failure opens it anew. The
/// rule counts a row and no share: it needs no window, no minimum of traffic, and an upstream that answers
/// every other request is still worth asking.
package struct CircuitBreaker: Sendable, Hashable {
    /// What the machine waits for.
    package enum State: Sendable, Hashable {
        /// For failures: so many have come in a row; goes to `open`.
        case closed(failures: Int)
        /// For the end of this time; then the next request goes to `trying`.
        case open(until: MonotonicInstant)
        /// For the end of one trial, or this moment: goes to `closed`, to `open`, or to another trial.
        case trying(until: MonotonicInstant)
    }

    /// The answer to a request.
    package enum Admission: Sendable, Hashable {
        /// It may be sent.
        case admitted
        /// It may be sent, and decides for all.
        case trial
        /// It may not, until then at the earliest.
        case refused(until: MonotonicInstant)
    }

    /// What came of a request that was sent.
    package enum Outcome: Sendable, Hashable {
        /// An answer.
        case success
        /// None, or one that says that there is none.
        case failure
        /// Nobody waited for it.
        case unknown
    }

    /// Where the machine stands.
    package private(set) var state = State.closed(failures: 0)

    /// A closed circuit.
    package init() {}

    /// Whether everything is well, so that nothing would be lost by forgetting the machine.
    package var isUntroubled: Bool { state == .closed(failures: 0) }

    /// Whether requests are held back, but for trials.
    package var isOpen: Bool {
        switch state {
        case .closed: false
        case .open, .trying: true
        }
    }

    /// Until when a request would be refused now; `nil` if it would not be.
    package func refusal(at now: MonotonicInstant) -> MonotonicInstant? {
        switch state {
        case .closed: nil
        case .open(let until), .trying(let until): now < until ? until : nil
        }
    }

    /// Takes a request; whoever gets `trial` must say what came of it.
    package mutating func admit(at now: MonotonicInstant, by rule: CircuitRule) -> Admission {
        if let until = refusal(at: now) { return .refused(until: until) }
        guard isOpen else { return .admitted }
        state = .trying(until: now.advanced(by: rule.trialTime))
        return .trial
    }

    /// Takes what came of a request; whether the circuit has opened by it. Of requests that are not the trial
    /// nothing is believed any more once the circuit is open: they began before. `mayOpen` is false while it
    /// is not certain that others would fare alike.
    package mutating func note(
        _ outcome: Outcome, isTrial: Bool, mayOpen: Bool = true, at now: MonotonicInstant,
        by rule: CircuitRule
    ) -> Bool {
        switch (state, outcome) {
        case (.closed, .success):
            state = .closed(failures: 0)
            return false
        case (.closed(let failures), .failure):
            // Kept within bounds for a circuit that may not open for long.
            let count = min(failures + 1, 1_000_000)
            guard mayOpen, rule.failures > 0, count >= rule.failures else {
                state = .closed(failures: count)
                return false
            }
            return open(at: now, by: rule)
        case (.closed, .unknown): return false
        case (.open, _), (.trying, _):
            guard isTrial else { return false }
            switch outcome {
            case .success: state = .closed(failures: 0)
            case .failure: return open(at: now, by: rule)
            case .unknown: state = .open(until: now)
            }
            return false
        }
    }

    /// Opens the circuit, or keeps it open, whatever came before: for `time`, or for as long as the rule
    /// says. Whether it was closed.
    package mutating func open(at now: MonotonicInstant, for time: Duration? = nil, by rule: CircuitRule)
        -> Bool
    {
        let wasOpen = isOpen
        state = .open(until: now.advanced(by: time ?? rule.openTime))
        return !wasOpen
    }

    /// Lets the next request try, if nothing is asked.
    package mutating func letTry(at now: MonotonicInstant) {
        if case .open = state { state = .open(until: now) }
    }
}
