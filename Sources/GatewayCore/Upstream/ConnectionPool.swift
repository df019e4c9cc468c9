import HTTPModel

/// The connections of one worker: those being made, those that work and those that are idle.
///
/// The idle one that served last is taken first, so that the others grow old. None is used again after its
/// idle time or its life, or once anything has arrived on it without a request.
final class ConnectionPool {
    /// What there is to send a request on.
    enum Taken {
        /// An idle connection on which nothing has arrived.
        case idle(UpstreamConnection)
        /// The one that was next turned out spoiled and is closed; another one has to be made.
        case spoiled
        /// There is none.
        case none
    }

    private let configuration: UpstreamClientConfiguration
    private let idleTimeout: TimeLimit
    private let connectionLifetime: TimeLimit
    private let table: ConnectionTable
    private let multi: CurlMulti
    // In the order of their last answers.
    private var idle: [UpstreamConnection] = []
    private var spareLinks: [CurlEasy] = []
    private var connectionNumber: UInt64 = 0
    private var openCount = 0
    /// Idle connections given up because something arrived on them, a polite close included.
    private(set) var spoiledCount: UInt64 = 0

    /// A pool without connections.
    init(configuration: UpstreamClientConfiguration, poller: UpstreamPoller) {
        self.configuration = configuration
        idleTimeout = TimeLimit(configuration.idleTimeout)
        connectionLifetime = TimeLimit(configuration.connectionLifetime)
        table = ConnectionTable(poller: poller)
        multi = CurlMulti(
            maximumConnectionCount: configuration.maximumConnectionCount, connections: table)
    }

    deinit {
        while let connection = idle.popLast() { close(connection) }
    }

    /// Number of idle connections that may be used again.
    var idleCount: Int { idle.count }
    /// Sockets opened since the beginning.
    var openedCount: UInt64 { table.openedCount }

    /// The idle connection to send the next request on.
    ///
    /// Looks at the connection itself, since an event may lie undelivered in the loop's current batch.
    func take(_ scratch: inout ByteBuffer, now: MonotonicInstant) -> Taken {
        closeExpired(now)
        while let connection = idle.popLast() {
            if hasLived(connection, now) {
                close(connection)
                continue
            }
            if connection.isQuiet(&scratch) { return .idle(connection) }
            spoiledCount += 1
            close(connection)
            return .spoiled
        }
        return .none
    }

    /// Begins to make a connection; `nextMade` tells what came of it.
    ///
    /// One is only made where no idle one could be taken, so there are never more than transfers run at once.
    func open() -> UpstreamConnection {
        assert(openCount < configuration.maximumConnectionCount, "\(openCount) connections already")
        let link = spareLinks.popLast() ?? CurlEasy(configuration: configuration, connections: table)
        connectionNumber += 1
        openCount += 1
        let connection = UpstreamConnection(number: connectionNumber, link: link)
        link.connection = connection
        multi.add(link)
        return connection
    }

    /// The next connection that was made, or why it was not; then its transfer has to give it back.
    func nextMade(at now: MonotonicInstant) -> (UpstreamConnection, UpstreamFailure?)? {
        while let (link, result) = multi.nextResult() {
            guard let connection = link.connection else { continue }
            guard result.isOK else { return (connection, result.failure) }
            let descriptor = link.descriptor
            guard descriptor >= 0 else { return (connection, .connectionClosed) }
            link.established(descriptor)
            connection.establish(descriptor, at: now)
            table.established(descriptor, for: connection)
            return (connection, nil)
        }
        return nil
    }

    /// Takes back a connection whose answer ended where it should, to be used again.
    func keep(_ connection: UpstreamConnection, now: MonotonicInstant) {
        connection.unassign(at: now)
        guard !hasLived(connection, now) else { return close(connection) }
        idle.append(connection)
        watch(connection)
        closeExpired(now)
    }

    /// Closes a connection, made or being made.
    func close(_ connection: UpstreamConnection) {
        connection.unassign(at: connection.idleSince)
        // Closes the socket, which the table hears by the socket's own callback.
        multi.remove(connection.link)
        if !connection.isEstablished { table.abandoned(connection.number) }
        connection.link.closed()
        connection.link.connection = nil
        spareLinks.append(connection.link)
        openCount -= 1
    }

    /// Something happened on the descriptor of a connection that nobody uses. Unless it was a stale event, or
    /// a record of TLS without content, it is closed.
    func examineIdle(_ connection: UpstreamConnection, _ scratch: inout ByteBuffer) {
        guard let index = idle.firstIndex(where: { $0 === connection }), !connection.isQuiet(&scratch) else {
            return
        }
        idle.remove(at: index)
        spoiledCount += 1
        close(connection)
    }

    /// Brings up to date what a connection's descriptor is watched for.
    func watch(_ connection: UpstreamConnection) {
        let wanted = connection.wantedInterest
        guard connection.isEstablished, wanted != connection.watchedFor else { return }
        connection.watchedFor = wanted
        table.watch(connection.descriptor, for: wanted)
    }

    private func hasLived(_ connection: UpstreamConnection, _ now: MonotonicInstant) -> Bool {
        connection.establishedAt.advanced(by: connectionLifetime) <= now
    }

    private func closeExpired(_ now: MonotonicInstant) {
        while let first = idle.first, first.idleSince.advanced(by: idleTimeout) <= now {
            close(idle.removeFirst())
        }
    }
}

/// What the event loop tells, and is told.
extension ConnectionPool {
    /// Who has to hear of what happened on this descriptor.
    func listener(on descriptor: Int32) -> ConnectionTable.Listener { table.listener(on: descriptor) }

    /// Tells libcurl what happened on a descriptor that it listens on.
    func act(on descriptor: Int32, _ readiness: UpstreamReadiness) { multi.act(on: descriptor, readiness) }

    /// Tells libcurl that its time has come.
    func actOnTimer() { multi.actOnTimer() }

    /// The last wish of libcurl's about its timer that was not taken yet.
    func takeTimerWish() -> CurlMulti.TimerWish? { multi.takeTimerWish() }

    /// Brings the poller up to date.
    func applyInterest() { table.applyInterest() }
}
