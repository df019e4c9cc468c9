import CGatewayShims
import HTTPModel

/// One thread of the data plane: its epoll loop, its connections, its upstream client, its share of
/// everything.
///
/// Nothing in here is shared; what workers do share (house rule 11) is shared by the application. Created on,
/// and confined to, its own thread. A turn of the loop: wait, serve the ready, take note of upstream
/// progress, fire due deadlines, go on with what the last turn left over. Work per turn and connection is
/// bounded, so that no connection starves another.
package final class Worker {
    let index: Int
    let epoll: Epoll
    let application: Application
    let listeners: [WorkerListener]
    let mailbox: Mailbox<WorkerMessage>
    /// The mailboxes of all workers that share listeners, by their places; empty if none does.
    private let crew: [Mailbox<WorkerMessage>]

    /// The shared buffers: whoever uses one leaves it empty (house rule: an idle connection costs no memory).
    var inbound = ByteBuffer(minimumCapacity: 131_072)
    var outbound = ByteBuffer(minimumCapacity: 524_288)
    var head = RequestHead()
    let pipe = TLSPipe()

    /// The instant of the event being served.
    private(set) var now: MonotonicInstant
    private var wheel: TimerWheel
    private var connections = Slab<DownstreamConnection>()
    // Those that were closed in this turn: whoever called may still be at work on one.
    private var closed: [DownstreamConnection] = []
    private var deferred: [Registration] = []
    private var handshakesLeft = 0
    private var drainDeadline: MonotonicInstant?
    private var acceptPause: MonotonicInstant?
    private var isStopped = false

    /// New connections taken in one turn: each may cost a handshake of about 0.3 ms.
    private static let acceptsPerTurn = 16
    /// Handshake steps in one turn; the others are told again by epoll.
    private static let handshakesPerTurn = 16
    /// How long a worker that ran out of descriptors leaves new connections waiting.
    private static let acceptPauseDuration = Duration.milliseconds(100)

    /// Makes a worker with its sockets already listening.
    init(
        index: Int, application: Application, listeners: [WorkerListener], mailbox: Mailbox<WorkerMessage>,
        crew: [Mailbox<WorkerMessage>] = []
    ) throws(SystemFailure) {
        self.crew = crew
        self.index = index
        self.application = application
        self.listeners = listeners
        self.mailbox = mailbox
        epoll = try Epoll()
        now = MonotonicClock.now()
        wheel = TimerWheel(now: now)
        epoll.add(mailbox.number, .readable, token: Registration(.wakeup, index: 0).token)
        application.attach(to: self)
        for index in listeners.indices { startAccepting(index) }
    }

    /// Runs until drained.
    func run() {
        while !isStopped {
            application.beforeWait(self)
            let count = epoll.wait(until: nextDeadline(), now: now)
            now = MonotonicClock.now()
            application.afterWait(self)
            handshakesLeft = Self.handshakesPerTurn
            for index in 0..<count { dispatch(index) }
            application.afterEvents(self)
            fireDeadlines()
            goOnWithDeferred()
            if !closed.isEmpty { closed.removeAll(keepingCapacity: true) }
            if let drainDeadline { checkDrained(drainDeadline) }
        }
        application.stopped()
        // Connections that were handed over too late are closed with their messages.
        _ = mailbox.collect()
    }

    /// Adds a watch for the application's own descriptors (those of the upstream client).
    func watch(_ number: Int32, _ interest: Interest?, isNew: Bool) {
        let token = Registration(.upstream, index: Int(number)).token
        guard let interest else { return epoll.forget(number) }
        if isNew {
            epoll.add(number, interest, token: token)
        } else {
            epoll.modify(number, interest, token: token)
        }
    }

    /// Calls the application with `exchange`'s number when `deadline` has come.
    func schedule(exchange: UInt64, at deadline: MonotonicInstant) {
        precondition(exchange >> 56 == 0, "exchange number \(exchange) reaches into the kind's bits")
        wheel.schedule(UInt64(Registration.Kind.control.rawValue) << 56 | exchange, at: deadline)
    }

    /// The connection with this identity, if it still lives.
    func connection(_ registration: Registration) -> DownstreamConnection? {
        connections.find(index: registration.index, generation: registration.generation)
    }

    /// Number of open connections.
    var connectionCount: Int { connections.count }

    /// Whether the worker takes no new connections and closes those it has after their answers.
    var isDraining: Bool { drainDeadline != nil }

    /// Goes on with a connection in the next turn, after the others.
    func goOnLater(_ connection: DownstreamConnection) {
        if connection.isDeferred { return }
        connection.isDeferred = true
        deferred.append(connection.registration)
    }

    /// Whether one more handshake step fits into this turn.
    func takeHandshakeTurn() -> Bool {
        handshakesLeft -= 1
        return handshakesLeft >= 0
    }

    /// Reads from a plain connection into the shared buffer.
    func read(_ connection: DownstreamConnection, maximum: Int) -> TransferOutcome {
        precondition(inbound.isEmpty, "bytes of another connection are still in the shared buffer")
        guard let open = connection.descriptor.take() else { return .ended }
        let outcome = SystemCall.read(open, into: &inbound, maximum: maximum)
        connection.descriptor = consume open
        return outcome
    }

    /// How a connection is closed.
    enum Closing {
        /// Both sides are done.
        case orderly
        /// The peer is gone, or does not keep to the protocol.
        case abort
        /// An answer broke off: a reset, so that nobody takes the part for the whole.
        case reset
    }

    /// Closes a connection and gives up its exchange.
    func close(_ connection: DownstreamConnection, _ closing: Closing) {
        guard connection.phase != .closed else { return }
        if let exchange = connection.exchange {
            connection.exchange = nil
            exchange.abandon()
        }
        outbound.removeAll()
        if case .reset = closing { connection.descriptor?.resetOnClose() }
        if case .orderly = closing, connection.session != nil, connection.pendingOutput.isEmpty {
            connection.session?.sayGoodbye()
            _ = connection.flush(self)
        }
        guard connection.phase != .closed else { return }
        connection.phase = .closed
        connection.session = nil
        connection.descriptor = nil
        connection.listener.balance.close(at: connection.listener.position)
        closed.append(connection)
        connections.remove(index: connection.index, generation: connection.generation)
        application.note(.closed, self)
        resumeAccepting()
    }

    /// Sets the connection's next deadline. A later one than already scheduled costs nothing.
    func arm(_ connection: DownstreamConnection) {
        guard let (_, deadline) = connection.deadline else { return }
        if let armed = connection.clock.armedFor, armed <= deadline { return }
        connection.clock.armedFor = deadline
        wheel.schedule(connection.registration.token, at: deadline)
    }

    /// Stops accepting, closes what is idle, and ends when all answers are given or `deadline` has come.
    func drain(until deadline: MonotonicInstant) {
        guard drainDeadline == nil else { return }
        drainDeadline = deadline
        for listener in listeners {
            if listener.isAccepting { epoll.remove(listener.listener.number) }
            listener.isAccepting = false
            listener.listener.stop()
        }
        for connection in connections.all where connection.isIdle || connection.phase == .handshaking {
            close(connection, .orderly)
        }
    }

    private func dispatch(_ index: Int) {
        let (token, readiness) = epoll.event(index)
        let registration = Registration(token: token)
        switch registration.kind {
        case .connection:
            // Held by the table, and when it is closed by those of this turn.
            let found = connections.borrow(index: registration.index, generation: registration.generation)
            guard let found else { return }
            now = MonotonicClock.now()
            found.read { $0.ready(readiness, worker: self) }
        case .listener:
            // An event of before the drain, which came in the same batch; the socket listens no more
            // (`WorkerTests.aClientThatComesInTheMomentOfADrainIsTurnedAway`).
            guard listeners[registration.index].isAccepting else { return }
            accept(listeners[registration.index], index: registration.index)
        case .upstream: application.upstreamReady(registration.index, readiness, self)
        case .wakeup: for message in mailbox.collect() { application.received(message, self) }
        case .control: preconditionFailure("no descriptor is registered as control")
        }
    }

    private func accept(_ listener: WorkerListener, index: Int) {
        for _ in 0..<Self.acceptsPerTurn {
            switch listener.listener.accept() {
            case .accepted(let descriptor, let peer): place(descriptor, peer: peer, index: index)
            case .none: return
            case .exhausted:
                // Level-triggered, the listener would be reported again at once, for ever.
                stopAccepting(index)
                acceptPause = now.advanced(by: Self.acceptPauseDuration)
                application.note(.exhausted, self)
                return
            }
        }
    }

    /// Keeps a new connection or hands it to a worker that has fewer.
    private func place(_ descriptor: consuming FileDescriptor, peer: SocketAddress, index: Int) {
        let listener = listeners[index]
        guard let position = listener.balance.open(acceptedBy: listener.position) else {
            application.note(.refused, self)
            return
        }
        if position == listener.position {
            admit(descriptor, peer: peer, listener)
        } else {
            crew[position].post(
                .connection(HandedConnection(descriptor, peer: peer, listenerIndex: index)))
        }
    }

    /// Takes a connection that another worker has accepted, unless this one takes none any more.
    func take(_ handed: HandedConnection) {
        let listener = listeners[handed.listenerIndex]
        guard let descriptor = handed.take() else {
            preconditionFailure("a connection was handed over twice")
        }
        if isDraining {
            listener.balance.close(at: listener.position)
        } else {
            admit(descriptor, peer: handed.peer, listener)
        }
    }

    private func admit(
        _ descriptor: consuming FileDescriptor, peer: SocketAddress, _ listener: WorkerListener
    ) {
        let number = descriptor.number
        let present = now
        var descriptor: FileDescriptor? = consume descriptor
        let connection = connections.insert { index, generation in
            guard let open = descriptor.take() else { preconditionFailure("one connection was made twice") }
            return DownstreamConnection(
                index: index, generation: generation, descriptor: open, peer: peer, listener: listener,
                now: present)
        }
        epoll.add(number, .readable, token: connection.registration.token)
        application.note(.opened, self)
        if let tls = listener.tls {
            guard let session = TLSSession(context: tls, pipe: pipe) else {
                close(connection, .abort)
                return
            }
            connection.session = consume session
            connection.phase = .handshaking
        } else {
            connection.clock.requestEnded(now: present)
        }
        arm(connection)
    }

    private func startAccepting(_ index: Int) {
        guard !listeners[index].isAccepting, !isDraining else { return }
        listeners[index].isAccepting = true
        epoll.add(
            listeners[index].listener.number, .readable, token: Registration(.listener, index: index).token)
    }

    private func stopAccepting(_ index: Int) {
        guard listeners[index].isAccepting else { return }
        listeners[index].isAccepting = false
        epoll.remove(listeners[index].listener.number)
    }

    private func resumeAccepting() {
        guard acceptPause != nil else { return }
        acceptPause = nil
        for index in listeners.indices { startAccepting(index) }
    }

    private func nextDeadline() -> MonotonicInstant? {
        if !deferred.isEmpty { return now }
        let earliest = Self.earlier(wheel.nextDeadline(), application.nextDeadline)
        return Self.earlier(earliest, Self.earlier(drainDeadline, acceptPause))
    }

    private static func earlier(_ a: MonotonicInstant?, _ b: MonotonicInstant?) -> MonotonicInstant? {
        guard let a else { return b }
        guard let b else { return a }
        return min(a, b)
    }

    private func fireDeadlines() {
        if let acceptPause, acceptPause <= now { resumeAccepting() }
        wheel.takeDue(now: now)
        while let owner = wheel.nextDue() {
            if owner >> 56 == UInt64(Registration.Kind.control.rawValue) {
                application.exchangeDue(owner & 0xFF_FFFF_FFFF_FFFF, self)
            } else if let connection = connection(Registration(token: owner)) {
                connection.clock.armedFor = nil
                if let (wait, deadline) = connection.deadline, deadline <= now { expire(connection, wait) }
                if connection.phase != .closed { arm(connection) }
            }
        }
    }

    /// A client is late. Where it owes part of a request it is told so; where it owes nothing it is just
    /// closed.
    private func expire(_ connection: DownstreamConnection, _ wait: ConnectionClock.Wait) {
        application.note(.expired(wait), self)
        switch wait {
        case .handshake: close(connection, .abort)
        case .reading: close(connection, .reset)
        case .request, .lingering: close(connection, .orderly)
        case .head, .content: connection.refuseLate(self)
        }
    }

    private func goOnWithDeferred() {
        guard !deferred.isEmpty else { return }
        let present = deferred
        deferred.removeAll(keepingCapacity: true)
        for registration in present {
            guard let connection = connection(registration) else { continue }
            now = MonotonicClock.now()
            connection.isDeferred = false
            connection.resume(self)
        }
    }

    private func checkDrained(_ deadline: MonotonicInstant) {
        if connections.count == 0 && application.isQuiet {
            isStopped = true
        } else if deadline <= now {
            // Whoever has part of an answer must not take it for the whole.
            for connection in connections.all {
                let isOwed = connection.exchange != nil || !connection.pendingOutput.isEmpty
                close(connection, isOwed ? .reset : .abort)
            }
            isStopped = true
        }
    }
}
