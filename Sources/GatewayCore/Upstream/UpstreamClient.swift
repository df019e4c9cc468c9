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
/// has arrived on it since (`ConnectionPool`).
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
        /// Requests begun once more on a new connection, because a pooled one was dead.
        package var repeatedCount: UInt64 = 0
        /// Requests begun once more after a failure.
        package var retriedCount: UInt64 = 0
    }

    private let configuration: UpstreamClientConfiguration
    private let limits: TransferLimits
    /// What requests on the cache's behalf accept.
    package var acceptedCoding: UpstreamCoding { configuration.acceptedCoding }
    private let pool: ConnectionPool
    private let progress = ProgressList()
    // The authority of the origin: what Host says.
    private let host: [UInt8]
    // What was read last, until its transfer has it: one for all of them.
    private var scratch = ByteBuffer()
    private let health: HealthTracker?
    // In no order; each knows its place.
    private var running: [Transfer] = []
    private var waiting: [Transfer] = []
    // Failed once, and due to be begun once more.
    private var putOff: [(transfer: Transfer, due: MonotonicInstant)] = []
    private var timerDeadline: MonotonicInstant?
    private var transferCount: UInt64 = 0
    private var reusedConnectionCount: UInt64 = 0
    private var repeatedCount: UInt64 = 0
    private var retriedCount: UInt64 = 0

    /// A client without connections. What it learns of the upstream's health goes to `health`, which decides
    /// whether the upstream is asked.
    package init(
        configuration: UpstreamClientConfiguration, poller: UpstreamPoller, health: HealthTracker? = nil
    ) {
        self.configuration = configuration
        limits = TransferLimits(configuration)
        self.health = health
        pool = ConnectionPool(configuration: configuration, poller: poller)
        host = Array(configuration.authority.utf8)
    }

    deinit { close() }

    /// Takes on a request; its deadlines count from now, also while it waits for its turn. `credential` is
    /// the identity of the token it is sent with, 0 for none.
    package func start(
        _ request: consuming UpstreamRequest, owner: UInt64, credential: UInt64 = 0, now: MonotonicInstant
    ) -> StartOutcome {
        guard hasRoom else { return .refused(.tooManyWaiting) }
        switch health?.admit(credential: credential, at: now) {
        case .refused(let seconds)?: return .refused(.circuitOpen(retryAfterSeconds: seconds))
        case .admitted(let pass)?: return start(request, owner: owner, pass: pass, now: now)
        case nil: return start(request, owner: owner, pass: nil, now: now)
        }
    }

    /// Takes on a request that looks how the upstream is: circuits do not hold it back, and learn nothing of
    /// it.
    func probe(
        _ request: consuming UpstreamRequest, owner: UInt64, now: MonotonicInstant
    ) -> StartOutcome {
        hasRoom ? start(request, owner: owner, pass: nil, now: now) : .refused(.tooManyWaiting)
    }

    private var mayRun: Bool { running.count < configuration.maximumConnectionCount && waiting.isEmpty }
    private var hasRoom: Bool { mayRun || waiting.count < configuration.maximumWaitingCount }

    private func start(
        _ request: consuming UpstreamRequest, owner: UInt64, pass: HealthTracker.Pass?, now: MonotonicInstant
    ) -> StartOutcome {
        progress.now = now
        transferCount += 1
        let transfer = Transfer(
            request: request, owner: owner, number: transferCount, host: host,
            limits: limits, progress: progress)
        transfer.pass = pass
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
        switch pool.listener(on: descriptor) {
        case .libcurl: pool.act(on: descriptor, readiness)
        case .connection(let connection):
            if let transfer = connection.transfer {
                serve(transfer)
            } else {
                pool.examineIdle(connection, &scratch)
            }
        case .nobody: return
        }
        settle()
    }

    /// Does what is due by now: libcurl's timers, deadlines, the begin of what was started or waits.
    package func advance(now: MonotonicInstant) {
        progress.now = now
        // Each round of libcurl's may ask for another one at once; the bound leaves the rest to the next
        // turn.
        for _ in 0..<Self.maximumTimerRounds {
            guard let deadline = timerDeadline, deadline <= now else { break }
            timerDeadline = nil
            pool.actOnTimer()
            noteTimer()
        }
        settle()
        expireDeadlines(now)
        beginRepetitions(now)
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
    package func applyInterest() { pool.applyInterest() }

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
            runningCount: running.count, waitingCount: waiting.count + putOff.count,
            idleConnectionCount: pool.idleCount,
            openedConnectionCount: pool.openedCount, spoiledConnectionCount: pool.spoiledCount,
            reusedConnectionCount: reusedConnectionCount, repeatedCount: repeatedCount,
            retriedCount: retriedCount)
    }

    /// Transfers that wait for a connection.
    package var waitingCount: Int { waiting.count }
    /// Transfers that may.
    package var maximumWaitingCount: Int { configuration.maximumWaitingCount }

    /// Whether nothing runs or waits: a draining worker may go.
    package var isIdle: Bool { running.isEmpty && waiting.isEmpty && putOff.isEmpty }

    /// Cancels every transfer and forgets all news. Idle connections close with the client itself.
    package func close() {
        while let transfer = waiting.last ?? putOff.last?.transfer ?? running.last {
            end(transfer, .cancelled, beginNext: false)
        }
        progress.removeAll()
    }
}

extension UpstreamClient {
    /// Begins a transfer on an idle connection, or on a new one. Nothing ends in here: a connection that
    /// takes nothing is found out by reading from it.
    private func begin(_ transfer: Transfer) {
        transfer.place = running.count
        running.append(transfer)
        switch pool.take(&scratch, now: progress.now) {
        case .idle(let connection):
            transfer.begin(on: connection, isReused: true)
            send(transfer, on: connection)
        case .spoiled:
            // Nothing was sent, so that any request may have another connection.
            repeatedCount += 1
            transfer.begin(on: pool.open(), isReused: false)
        case .none: transfer.begin(on: pool.open(), isReused: false)
        }
    }

    private func send(_ transfer: Transfer, on connection: UpstreamConnection) {
        if !connection.send() { progress.noteAttention(to: transfer) }
        pool.watch(connection)
    }

    /// Looks at what libcurl's callbacks and the owners left behind. Never inside a callback.
    private func settle() {
        while let (connection, failure) = pool.nextMade(at: progress.now) {
            // One that nobody waits for is closed with its transfer.
            guard let transfer = connection.transfer else { continue }
            if let failure {
                conclude(transfer, .failed(transfer.outcome(ofNoConnection: failure)))
            } else {
                send(transfer, on: connection)
            }
        }
        while let transfer = progress.takeAttention() {
            guard !transfer.isOver else { continue }
            if let failure = transfer.failure { end(transfer, .failed(failure)) } else { serve(transfer) }
        }
        noteTimer()
    }

    /// Does for a transfer what its connection allows.
    private func serve(_ transfer: Transfer) {
        guard let connection = transfer.connection, connection.isEstablished else { return }
        switch connection.exchange(&scratch) {
        case .goesOn: pool.watch(connection)
        case .over: end(transfer, transfer.outcomeOfAnswer)
        case .ended: finish(transfer, inDueForm: true)
        case .broken: finish(transfer, inDueForm: false)
        }
    }

    /// The connection is over before the answer was whole by its framing.
    private func finish(_ transfer: Transfer, inDueForm: Bool) {
        guard let connection = transfer.connection, transfer.mayBeginAgain else {
            conclude(transfer, transfer.outcome(ofEndInDueForm: inDueForm))
            return
        }
        pool.close(connection)
        repeatedCount += 1
        transfer.begin(on: pool.open(), isReused: false)
    }

    /// Ends a transfer whose attempt is over, or puts it off to be begun once more.
    private func conclude(_ transfer: Transfer, _ phase: Transfer.Phase) {
        guard case .failed(let failure) = phase, let pass = transfer.pass,
            let due = repetition(of: transfer, after: failure)
        else {
            end(transfer, phase)
            return
        }
        noteHealth(transfer, phase)
        guard health?.takeRepetition(pass) == true else {
            end(transfer, phase)
            return
        }
        release(transfer)
        transfer.putOff()
        transfer.pass = pass
        retriedCount += 1
        putOff.append((transfer, due))
        progress.note(due)
        beginWaiting()
    }

    /// When a transfer may be begun once more, if it may.
    private func repetition(of transfer: Transfer, after failure: UpstreamFailure) -> MonotonicInstant? {
        let policy = configuration.retries
        guard transfer.repetitionCount < policy.maximumRetries, transfer.request.mayBeRepeated,
            transfer.failure == nil, !transfer.hasReceivedBytes, RetryPolicy.mayHelp(failure)
        else { return nil }
        // Spreads neighbouring numbers over the whole range (SplitMix64's first step).
        let draw = (transfer.number &+ configuration.jitterSeed) &* 0x9E37_79B9_7F4A_7C15
        let due = progress.now.advanced(by: policy.pause(before: transfer.repetitionCount, draw: draw))
        return due < transfer.totalDeadline ? due : nil
    }

    private func beginRepetitions(_ now: MonotonicInstant) {
        guard !putOff.isEmpty else { return }
        let due = putOff.filter { $0.due <= now }
        putOff.removeAll { $0.due <= now }
        // They have waited already: in front of those that have not begun.
        waiting.insert(contentsOf: due.map(\.transfer), at: 0)
        beginWaiting()
        for (_, due) in putOff { progress.note(due) }
        noteTimer()
    }

    private func beginWaiting() {
        while running.count < configuration.maximumConnectionCount, !waiting.isEmpty {
            begin(waiting.removeFirst())
        }
    }

    /// Takes a transfer's connection back; unless it can serve another request, it is closed.
    private func release(_ transfer: Transfer) {
        guard let connection = transfer.connection else { return }
        if transfer.leavesConnectionClean {
            pool.keep(connection, now: progress.now)
        } else {
            pool.close(connection)
        }
        let last = running.removeLast()
        if last !== transfer {
            precondition(running[transfer.place] === transfer, "transfer \(transfer.number) does not run")
            last.place = transfer.place
            running[last.place] = last
        }
        if transfer.reusesConnection { reusedConnectionCount += 1 }
    }

    private func noteHealth(_ transfer: Transfer, _ phase: Transfer.Phase) {
        guard let pass = transfer.pass.take() else { return }
        health?.note(HealthTracker.Outcome(of: transfer, endingAs: phase), pass, at: progress.now)
    }

    private func end(_ transfer: Transfer, _ phase: Transfer.Phase, beginNext: Bool = true) {
        noteHealth(transfer, phase)
        if transfer.connection != nil {
            release(transfer)
        } else {
            waiting.removeAll { $0 === transfer }
            putOff.removeAll { $0.transfer === transfer }
        }
        transfer.end(phase)
        if beginNext { beginWaiting() }
    }

    private func expireDeadlines(_ now: MonotonicInstant) {
        guard let earliest = progress.earliestDeadline, earliest <= now else { return }
        for transfer in running + waiting + putOff.map(\.transfer) {
            if let failure = transfer.expired(at: now) { end(transfer, .failed(failure)) }
        }
        progress.earliestDeadline = nil
        for transfer in running { progress.note(transfer.nextDeadline) }
        for transfer in waiting { progress.note(transfer.nextDeadline) }
        for (transfer, due) in putOff { progress.note(min(due, transfer.nextDeadline)) }
        noteTimer()
    }

    private func noteTimer() {
        switch pool.takeTimerWish() {
        case .after(let milliseconds)?:
            timerDeadline = progress.now.advanced(by: .milliseconds(milliseconds))
        case .never?: timerDeadline = nil
        case nil: break
        }
    }
}
