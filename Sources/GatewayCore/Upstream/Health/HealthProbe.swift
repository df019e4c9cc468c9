package import HTTPModel

/// How the upstream's health is probed.
package struct HealthProbeRule: Sendable, Hashable {
    /// The path that is asked; a status of 200 to 399 is good.
    package var path: String
    /// Time from one probe to the next [5s].
    package var interval: Duration = .seconds(5)
    /// How long an answer may take [2s].
    package var timeout: Duration = .seconds(2)
    /// Bad probes in a row that make the upstream unhealthy [3].
    package var unhealthyAfter = 3
    /// Good probes in a row that make it healthy again [1].
    package var healthyAfter = 1

    /// The defaults.
    package init(path: String) { self.path = path }
}

/// When the next probe is due, and what the probes say together: a machine without any I/O.
package struct HealthProbe: Sendable, Hashable {
    /// What to do now.
    package enum Action: Sendable, Hashable {
        case nothing
        /// Ask.
        case ask
        /// Give the probe under way up; it counts as bad.
        case giveUp
    }

    private enum Phase: Hashable {
        /// Nothing is asked before this moment; goes to `asking`.
        case waiting(until: MonotonicInstant)
        /// A probe is under way until this moment at the latest; goes to `waiting`.
        case asking(until: MonotonicInstant)
    }

    private let rule: HealthProbeRule
    private var phase: Phase
    private var row = 0
    private var rowIsGood = true
    /// What the probes have decided; `nil` as long as they have not.
    package private(set) var isHealthy: Bool?

    /// The first probe is due at once.
    package init(_ rule: HealthProbeRule, now: MonotonicInstant) {
        self.rule = rule
        phase = .waiting(until: now)
    }

    /// What is due by now.
    package mutating func act(at now: MonotonicInstant) -> Action {
        switch phase {
        case .waiting(let until):
            guard until <= now else { return .nothing }
            phase = .asking(until: now.advanced(by: rule.timeout))
            return .ask
        case .asking(let until): return until <= now ? .giveUp : .nothing
        }
    }

    /// The probe could not be sent: it says nothing.
    package mutating func skipped(at now: MonotonicInstant) {
        phase = .waiting(until: now.advanced(by: rule.interval))
    }

    /// Takes how the probe under way ended; `true` if that decides anew, or confirms, what `isHealthy` says.
    package mutating func ended(isGood: Bool, at now: MonotonicInstant) -> Bool {
        guard case .asking = phase else { return false }
        phase = .waiting(until: now.advanced(by: rule.interval))
        row = isGood == rowIsGood ? min(row + 1, 1_000_000) : 1
        rowIsGood = isGood
        guard row >= (isGood ? rule.healthyAfter : rule.unhealthyAfter) else { return false }
        isHealthy = isGood
        return true
    }
}
