package import HTTPModel

/// Fetches from the one upstream, inside the event loop of one worker.
///
/// The worker tells what happened (`descriptorReady`, `advance`), then asks what came of it
/// (`nextProgressed`), and calls `applyInterest` right before it waits, for no longer than until
/// `nextDeadline`. Nothing here blocks and nothing calls back into the worker but the poller.
///
/// Connections are pooled and serve every tenant in turn. That is acceptable because they all lead to one
/// origin that must tell tenants apart by their token on each request anyway, and because a connection is
/// only used again if its last answer was framed without doubt, ended exactly where it should, and nothing
/// has arrived on it since (`ConnectionTable`).
package final class UpstreamClient {
    /// The answer to `start`.
    package enum StartOutcome {
        /// The transfer runs or waits for its turn.
        case started(Transfer)
        /// It was not taken on.
        case refused(UpstreamFailure)
    }

    /// Figures for metrics, all of this worker alone.
    package struct Statistics: Sendable, Hashable {
        /// Transfers running now.
        package var runningCount = 0
        /// Transfers waiting for their turn now.
        package var waitingCount = 0
        /// Idle connections now.
        package var idleConnectionCount = 0
        /// Connections opened since the beginning.
        package var openedConnectionCount: UInt64 = 0
        /// Idle connections given up because the upstream closed them or sent something on them.
        package var spoiledConnectionCount: UInt64 = 0
        /// Answers that came over a connection which had served before.
        package var reusedConnectionCount: UInt64 = 0
        /// Requests begun once more on a new connection.
        package var repeatedCount: UInt64 = 0
    }

    private let configuration: UpstreamClientConfiguration
    private let connections: ConnectionTable
    private let multi: CurlMulti
    private let progress = ProgressList()
    private var spareHandles: [CurlEasy] = []
    private var running: [Transfer] = []
    private var waiting: [Transfer] = []
    private var timerDeadline: MonotonicInstant?
    private var transferCount: UInt64 = 0
    private var reusedConnectionCount: UInt64 = 0
    private var repeatedCount: UInt64 = 0

    /// A client without connections.
    package init(configuration: UpstreamClientConfiguration, poller: UpstreamPoller) {
        self.configuration = configuration
        connections = ConnectionTable(poller: poller)
        multi = CurlMulti(
            maximumConnectionCount: configuration.maximumConnectionCount, connections: connections)
    }

    deinit { close() }

    /// Takes on a request; its deadlines count from now, also while it waits for its turn.
    package func start(
        _ request: consuming UpstreamRequest, owner: UInt64, now: MonotonicInstant
    ) -> StartOutcome {
        progress.now = now
        let mayRun = running.count < configuration.maximumConnectionCount && waiting.isEmpty
        guard mayRun || waiting.count < configuration.maximumWaitingCount else {
            return .refused(.tooManyWaiting)
        }
        transferCount += 1
        let transfer = Transfer(
            request: request, owner: owner, number: transferCount, configuration: configuration,
            progress: progress, connections: connections)
        if mayRun { begin(transfer) } else { waiting.append(transfer) }
        noteTimer()
        return .started(transfer)
    }

    /// Gives a transfer up. A connection that is in the middle of it is closed.
    package func cancel(_ transfer: Transfer) {
        if transfer.isOver { return }
        end(transfer, .cancelled)
        noteTimer()
    }

    /// Says that something happened on a descriptor the poller watches for this client. A late event of a
    /// descriptor that has been closed since, or is used anew, does no harm.
    package func descriptorReady(_ descriptor: Int32, _ readiness: UpstreamReadiness, now: MonotonicInstant) {
        progress.now = now
        guard connections.isInUse(descriptor) else {
            connections.examineIdle(descriptor)
            return
        }
        multi.act(on: descriptor, readiness)
        settle()
        progress.resumeEndingWithClose()
        noteTimer()
    }

    /// Does what is due by now: libcurl's timers, deadlines, the begin of what was started or waits.
    package func advance(now: MonotonicInstant) {
        progress.now = now
        // Each round of libcurl's may ask for another one at once; the bound leaves the rest to the next
        // turn.
        for _ in 0..<Self.maximumTimerRounds {
            guard let deadline = timerDeadline, deadline <= now else { break }
            timerDeadline = nil
            multi.actOnTimer()
            noteTimer()
        }
        settle()
        expireDeadlines(now)
    }

    private static let maximumTimerRounds = 8

    /// When `advance` must be called at the latest; `nil`: nothing is due.
    package var nextDeadline: MonotonicInstant? {
        if progress.isAttentionNeeded { return progress.now }
        guard let timerDeadline else { return progress.earliestDeadline }
        guard let earliest = progress.earliestDeadline else { return timerDeadline }
        return min(timerDeadline, earliest)
    }

    /// Brings the poller up to date; called once before the loop waits.
    package func applyInterest() { connections.applyInterest() }

    /// Whether `nextProgressed` may have something to give.
    package var hasNews: Bool { progress.hasNews }

    /// The next transfer with news since it was last given out; `nil` when there is none.
    package func nextProgressed() -> Transfer? {
        while let transfer = progress.takeNews() {
            transfer.newsTaken()
            if case .cancelled = transfer.phase { continue }
            return transfer
        }
        return nil
    }

    /// Figures for metrics.
    package var statistics: Statistics {
        Statistics(
            runningCount: running.count, waitingCount: waiting.count,
            idleConnectionCount: connections.idleCount,
            openedConnectionCount: connections.openedCount, spoiledConnectionCount: connections.spoiledCount,
            reusedConnectionCount: reusedConnectionCount, repeatedCount: repeatedCount)
    }

    /// Transfers that wait for a connection.
    package var waitingCount: Int { waiting.count }
    /// Transfers that may.
    package var maximumWaitingCount: Int { configuration.maximumWaitingCount }

    /// Whether nothing runs or waits: a draining worker may go.
    package var isIdle: Bool { running.isEmpty && waiting.isEmpty }

    /// Cancels every transfer and forgets all news. Idle connections close with the client itself.
    package func close() {
        while let transfer = waiting.popLast() ?? running.last { end(transfer, .cancelled, beginNext: false) }
        progress.removeAll()
    }
}

extension UpstreamClient {
    private func begin(_ transfer: Transfer) {
        running.append(transfer)
        let easy =
            spareHandles.popLast() ?? CurlEasy(configuration: configuration, connections: connections)
        easy.prepare(transfer.request, for: transfer)
        transfer.begin(on: easy)
        multi.add(easy)
    }

    /// Looks at what the callbacks left behind. Never inside one.
    private func settle() {
        while let (easy, result) = multi.nextResult() {
            if let transfer = easy.transfer { finish(transfer, easy, result) }
        }
        while let transfer = progress.takeAttention() {
            guard !transfer.isOver else { continue }
            if let failure = transfer.failure {
                end(transfer, .failed(failure))
            } else if transfer.isAnsweredEarly, let framing = transfer.framing {
                end(transfer, .complete(framing))
            }
        }
        noteTimer()
    }

    private func finish(_ transfer: Transfer, _ easy: CurlEasy, _ result: CurlResult) {
        guard transfer.shallBeginAgain() else {
            end(transfer, transfer.outcome(result))
            return
        }
        multi.remove(easy)
        connections.released(by: transfer.number)
        repeatedCount += 1
        easy.insistOnNewConnection()
        transfer.begin(on: easy)
        multi.add(easy)
    }

    private func end(_ transfer: Transfer, _ phase: Transfer.Phase, beginNext: Bool = true) {
        if let easy = transfer.handle {
            multi.remove(easy)
            easy.retire()
            spareHandles.append(easy)
            connections.released(by: transfer.number)
            running.removeAll { $0 === transfer }
            if transfer.reusesConnection { reusedConnectionCount += 1 }
        } else {
            waiting.removeAll { $0 === transfer }
        }
        transfer.end(phase)
        guard beginNext else { return }
        while running.count < configuration.maximumConnectionCount, !waiting.isEmpty {
            begin(waiting.removeFirst())
        }
    }

    private func expireDeadlines(_ now: MonotonicInstant) {
        guard let earliest = progress.earliestDeadline, earliest <= now else { return }
        for transfer in running + waiting {
            if let failure = transfer.expired(at: now) { end(transfer, .failed(failure)) }
        }
        progress.earliestDeadline = nil
        for transfer in running { progress.note(transfer.nextDeadline) }
        for transfer in waiting { progress.note(transfer.nextDeadline) }
        noteTimer()
    }

    private func noteTimer() {
        switch multi.takeTimerWish() {
        case .after(let milliseconds)?:
            timerDeadline = progress.now.advanced(by: .milliseconds(milliseconds))
        case .never?: timerDeadline = nil
        case nil: break
        }
    }
}
