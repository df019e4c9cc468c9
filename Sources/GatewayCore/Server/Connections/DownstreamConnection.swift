import HTTPModel

/// One client connection: its socket, its TLS, its place in HTTP/1.1, and the exchange it waits for.
///
/// The object with identity around machines that have none: `HTTP1Connection` says what the bytes mean, the
/// application (`RequestPipeline` or `AdminServer`) says what to answer, and this class moves the bytes.
/// Confined to its worker. It owns memory only while bytes wait in it: read bytes live in the worker's
/// buffers otherwise.
///
/// Back-pressure: while output waits for the client, nothing is read and no answer is produced; while an
/// upload waits for the upstream, nothing is read.
package final class DownstreamConnection {
    /// Where a connection is in its life.
    enum Phase {
        /// The TLS handshake is under way; goes to open or closed.
        case handshaking
        /// Requests are read and answered; goes to finishing or closed.
        case open
        /// The last answer is being sent, nothing more is read; goes to lingering or closed.
        case finishing
        /// Everything is sent and said; what the client still sends is dropped, until it ends or time is up.
        case lingering
        /// The socket is gone.
        case closed
    }

    /// The slot and the life of the slot in the worker's table.
    let index: Int
    let generation: UInt32
    /// The client's address.
    let peer: SocketAddress
    /// Which of the worker's listeners accepted the connection.
    let listener: WorkerListener

    var descriptor: FileDescriptor?
    var session: TLSSession?
    /// The version of the connection's TLS, once its handshake is complete.
    var tlsVersion: TLSVersion?
    var http: HTTP1Connection
    var phase: Phase
    var exchange: PendingAnswer?
    /// A request that the connection has carried, to compare the next ones with it.
    var repeated: RepeatedRequest?
    /// When another one is kept in its place.
    var repetition = RepetitionWatch()

    /// Received and not yet understood bytes; holds memory only while there are any.
    var input = ByteBuffer()
    /// Bytes on their way to the client that the socket did not take; ciphertext if the connection has TLS.
    var pendingOutput = ByteBuffer()
    /// What epoll has been told.
    var interest: Interest = .readable
    /// Whether the connection stands in the worker's list of those to go on with in the next turn.
    var isDeferred = false
    /// Whether the client has said, in TLS, that it sends nothing more.
    var hasPeerEnded = false
    /// Whether the content of the present request waits for room at the upstream.
    var contentIsBlocked = false
    /// Content of answered requests that was read and dropped, in bytes.
    var discardedBytes = 0
    /// Times and byte counts that the deadlines are reckoned from.
    var clock: ConnectionClock

    /// Takes over an accepted socket.
    init(
        index: Int, generation: UInt32, descriptor: consuming FileDescriptor, peer: SocketAddress,
        listener: WorkerListener, now: MonotonicInstant
    ) {
        self.index = index
        self.generation = generation
        self.descriptor = consume descriptor
        self.peer = peer
        self.listener = listener
        http = HTTP1Connection(limits: listener.policy.http1)
        phase = .open
        clock = ConnectionClock(now: now)
    }

    /// The connection's identity in events, timers and exchanges.
    var registration: Registration { Registration(.connection, index: index, generation: generation) }

    /// Events of epoll: reads, writes, and the loss of the peer.
    func ready(_ readiness: Readiness, worker: Worker) {
        if readiness.isBroken {
            worker.close(self, .abort)
            return
        }
        if readiness.isWritable && !pendingOutput.isEmpty {
            guard sendPending(worker) else { return }
            if phase == .open && pendingOutput.isEmpty { advance(worker) }
        }
        if readiness.isReadable && phase != .closed {
            if awaitsUpstream && !wantsInput { unasked(readiness, worker) } else { readable(worker) }
        }
        settle(worker)
    }

    /// What the client is late with, and when.
    var deadline: (ConnectionClock.Wait, MonotonicInstant)? {
        clock.deadline(
            listener.policy.timeouts, outputWaits: !pendingOutput.isEmpty,
            contentIsAwaited: http.awaitsContent)
    }

    /// Whether the connection waits for a request and nothing of one has come.
    var isIdle: Bool {
        phase == .open && http.awaitsHead && input.isEmpty && pendingOutput.isEmpty && exchange == nil
    }

    /// Goes on after the upstream, another worker or the turn's budget let it.
    func resume(_ worker: Worker) {
        guard phase == .open, pendingOutput.isEmpty else { return }
        advance(worker)
        settle(worker)
    }

    /// The end of every event: tells epoll what is of interest now, and sets the next deadline.
    func settle(_ worker: Worker) {
        if phase == .closed { return }
        if phase == .finishing && pendingOutput.isEmpty { finish(worker) }
        // An answer that was under way when the drain began has left its connection open.
        if hasPeerEnded && owesNothing || worker.isDraining && isIdle { worker.close(self, .orderly) }
        if phase == .closed { return }
        updateInterest(worker)
        worker.arm(self)
    }

    /// Whether the client has been given everything it asked for as far as it has asked.
    private var owesNothing: Bool {
        phase == .open && exchange == nil && pendingOutput.isEmpty && !isDeferred
    }

    private func updateInterest(_ worker: Worker) {
        var wanted: Interest = []
        if !pendingOutput.isEmpty { wanted.insert(.writable) }
        if wantsInput {
            wanted.insert(.readable)
        } else if awaitsUpstream {
            // Most clients send nothing before they have their answer: what is watched for stays as it is,
            // and the wait for the upstream takes no system call. `unasked` sees to the others.
            wanted.insert(interest == .readable ? .readable : .peerClosed)
        }
        guard wanted != interest, let number = descriptor?.number else { return }
        interest = wanted
        worker.epoll.modify(number, wanted, token: registration.token)
    }

    /// Whether only the upstream's answer is missing: a client that ends its side now has gone. In the other
    /// states its end says nothing, since what it sent is still being worked off.
    var awaitsUpstream: Bool {
        phase == .open && exchange != nil && pendingOutput.isEmpty && !isDeferred && !http.awaitsContent
    }

    var wantsInput: Bool {
        guard pendingOutput.isEmpty, !isDeferred, !contentIsBlocked else { return false }
        switch phase {
        case .handshaking, .lingering: return true
        case .open: return http.awaitsHead || http.awaitsContent
        case .finishing, .closed: return false
        }
    }
}
