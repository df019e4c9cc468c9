import Locking

/// What tests see of the stand-in and change about it. Safe from any thread; nothing here waits.
///
/// Requests under `/__stand-in/` are neither counted nor recorded nor hit by faults.
public final class StandInControl: Sendable {
    private let state: Lock<State>
    private let recordCapacity: Int
    private let alarmTexts: [[UInt8]]

    private struct State {
        var counts: [KayleRoute: Int] = [:]
        var record: [RecordedRequest] = []
        var oldest = 0
        var alarms: [RecordedRequest] = []
        var malformedCount = 0
        var connectionCount = 0
        var faults: [Fault] = []
    }

    /// How many alarms are kept: the first one is a failure already.
    private static let maximumAlarms = 100

    init(_ configuration: StandInConfiguration) {
        recordCapacity = configuration.recordCapacity
        alarmTexts = configuration.alarmTexts.map { Array($0.utf8) }
        state = Lock(State())
    }

    /// How often a route was asked since the start or the last reset, whatever the answer was.
    public func requestCount(_ route: KayleRoute) -> Int {
        state.withLock { $0.counts[route] ?? 0 }
    }

    /// How many requests came in altogether.
    public var requestCount: Int {
        state.withLock { $0.counts.values.reduce(0, +) }
    }

    /// The latest requests, oldest first, at most as many as the record holds.
    public var requests: [RecordedRequest] {
        state.withLock { state in Array(state.record[state.oldest...] + state.record[..<state.oldest]) }
    }

    /// The requests whose head held one of the alarm texts; the first hundred of them, however long ago.
    public var alarms: [RecordedRequest] { state.withLock { $0.alarms } }

    /// How many requests could not be read as HTTP and were answered 400.
    public var malformedCount: Int { state.withLock { $0.malformedCount } }

    /// How many connections were opened.
    public var connectionCount: Int { state.withLock { $0.connectionCount } }

    /// Switches a fault on.
    public func inject(_ fault: Fault) {
        state.withLock { $0.faults.append(fault) }
    }

    /// How many orders of faults are still to act.
    public var pendingFaultCount: Int { state.withLock { $0.faults.count } }

    /// Switches all faults off.
    public func clearFaults() {
        state.withLock { $0.faults.removeAll() }
    }

    /// Forgets counters, record, alarms and faults; the data stays.
    public func reset() {
        state.withLock { state in
            let connectionCount = state.connectionCount
            state = State()
            state.connectionCount = connectionCount
        }
    }

    /// Counts a new connection and gives its number.
    func countConnection() -> Int {
        state.withLock { state in
            state.connectionCount += 1
            return state.connectionCount
        }
    }

    /// Counts bytes that were no request.
    func countMalformed() {
        state.withLock { $0.malformedCount += 1 }
    }

    /// Counts and records a request.
    func note(_ request: RecordedRequest, route: KayleRoute) {
        let isAlarm = alarmTexts.contains { request.head.contains($0) }
        state.withLock { state in
            state.counts[route, default: 0] += 1
            if isAlarm, state.alarms.count < Self.maximumAlarms { state.alarms.append(request) }
            if state.record.count < recordCapacity {
                state.record.append(request)
            } else if recordCapacity > 0 {
                state.record[state.oldest] = request
                state.oldest = (state.oldest + 1) % recordCapacity
            }
        }
    }

    /// The effects that act on a request, each used up by one.
    func takeEffects(for request: RecordedRequest) -> [Fault.Effect] {
        state.withLock { state in
            guard !state.faults.isEmpty else { return [] }
            var effects: [Fault.Effect] = []
            for index in state.faults.indices where state.faults[index].matches(request) {
                effects.append(state.faults[index].effect)
                state.faults[index].remaining -= 1
            }
            state.faults.removeAll { $0.remaining <= 0 }
            return effects
        }
    }
}

extension [UInt8] {
    /// Whether `text` occurs anywhere.
    fileprivate func contains(_ text: [UInt8]) -> Bool {
        guard let first = text.first, count >= text.count else { return false }
        return indices.prefix(count - text.count + 1).contains { index in
            self[index] == first && self[index..<(index + text.count)].elementsEqual(text)
        }
    }
}
