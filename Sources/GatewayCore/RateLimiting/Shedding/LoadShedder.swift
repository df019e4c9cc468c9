import HTTPModel

/// Whether this worker is too short of something to send one more request upstream, and whom it refuses
/// first.
///
/// Three things can be short: places in the queue for the upstream, the memory of the process, the worker's
/// own time. Each has two thresholds. Above the first, reads of tenants that have more than their fair share
/// under way are refused; above the second, all reads, and writes of such tenants. What the cache answers is
/// never refused: it takes less than refusing it. One per worker; a machine: events and figures in, decisions
/// out.
package struct LoadShedder {
    /// What was short.
    package enum Shortage: UInt8, Sendable, Hashable, CaseIterable {
        /// The queue for the upstream fills up.
        case upstream
        /// The process nears its bound.
        case memory
        /// Events wait too long for the worker.
        case time

        /// The word in the metric.
        package var word: String {
            switch self {
            case .upstream: "upstream_queue"
            case .memory: "memory"
            case .time: "loop_lag"
            }
        }
    }

    /// How short, at the moment of a decision.
    package struct Load: Sendable {
        /// Requests that wait for a connection to the upstream.
        package var waitingCount: Int
        /// Requests that may.
        package var maximumWaitingCount: Int
        /// Memory of the process, in bytes.
        package var residentBytes: Int

        /// Puts the figures together.
        package init(waitingCount: Int, maximumWaitingCount: Int, residentBytes: Int) {
            self.waitingCount = waitingCount
            self.maximumWaitingCount = maximumWaitingCount
            self.residentBytes = residentBytes
        }
    }

    private let configuration: OverloadConfiguration
    // Requests under way upstream, by tenant; 0 for those of nobody.
    private var underWay: [UInt64: Int] = [:]
    private var underWayCount = 0
    // The time that events wait, smoothed, in nanoseconds.
    private var lagNanoseconds: UInt64 = 0
    private var randomness: UInt64

    /// A worker's shedder. `seed` spreads the waits that clients are told.
    package init(_ configuration: OverloadConfiguration, seed: UInt64) {
        self.configuration = configuration
        randomness = seed | 1
    }

    /// A turn of the loop took so long: what an event that came at its beginning has waited.
    package mutating func noteTurn(nanoseconds: UInt64) {
        // An eighth of each turn: half of what was is forgotten after six turns, at least four of which come
        // in a second.
        lagNanoseconds = lagNanoseconds - lagNanoseconds / 8 + min(nanoseconds, 60_000_000_000) / 8
    }

    /// A tenant's request goes upstream.
    package mutating func began(_ tenant: UInt64) {
        underWay[tenant, default: 0] += 1
        underWayCount += 1
    }

    /// It is over.
    package mutating func ended(_ tenant: UInt64) {
        guard let count = underWay[tenant] else { preconditionFailure("a request ends that has not begun") }
        underWay[tenant] = count == 1 ? nil : count - 1
        underWayCount -= 1
    }

    /// What is too short for a request to go upstream; `nil` if it may.
    package func shortage(isWrite: Bool, tenant: UInt64, _ load: Load) -> Shortage? {
        for shortage in Shortage.allCases {
            let level = level(shortage, load)
            if level == 0 { continue }
            if level == 2 && !isWrite { return shortage }
            if level > (isWrite ? 1 : 0), isAboveFairShare(tenant) { return shortage }
        }
        return nil
    }

    /// Seconds after which a refused client may try again: two to nine, so that not all come back at once.
    package mutating func retryAfterSeconds() -> UInt64 {
        // Marsaglia's xorshift: nobody gains anything by guessing it.
        randomness ^= randomness << 13
        randomness ^= randomness >> 7
        randomness ^= randomness << 17
        return 2 + randomness >> 61
    }

    /// Whether a tenant has more under way than each would have if all that are there had the same.
    private func isAboveFairShare(_ tenant: UInt64) -> Bool {
        guard let own = underWay[tenant], underWay.count > 1 else { return false }
        return own * underWay.count > underWayCount
    }

    /// 0: enough; 1: above the first threshold; 2: above the second.
    private func level(_ shortage: Shortage, _ load: Load) -> Int {
        switch shortage {
        case .upstream:
            // A queue that is full refuses by itself.
            return Self.level(
                load.waitingCount * 100, load.maximumWaitingCount * configuration.queuePercent,
                load.maximumWaitingCount * (100 + configuration.queuePercent) / 2)
        case .memory:
            guard let bound = configuration.memoryBytes else { return 0 }
            return Self.level(load.residentBytes, bound / 10 * 9, bound)
        case .time:
            let lag = Int(clamping: lagNanoseconds)
            let bound = Int(clamping: configuration.loopLag.nanoseconds)
            return Self.level(lag, bound, 2 * bound)
        }
    }

    private static func level(_ value: Int, _ first: Int, _ second: Int) -> Int {
        value >= second ? 2 : value >= first ? 1 : 0
    }
}
