import HTTPModel

/// What a worker serves: the gateway on the data plane, the admin address on the main thread.
///
/// A base class and not a protocol, so that a call costs a table jump and no existential. The empty answers
/// here are those of an application without an upstream.
package class Application {
    /// The worker has been made and is about to run.
    func attach(to worker: Worker) {}

    /// A request head has been read. `head`'s ranges count from the first of `bytes`; the answer goes to
    /// `worker.outbound`.
    func handle(_ bytes: Span<UInt8>, _ downstream: Downstream, _ worker: Worker) -> Handling {
        preconditionFailure("an application without an answer")
    }

    /// The connection's last requests repeat themselves: an answer to one that says what an earlier one on it
    /// said, or `nil` if it has to be read and handled as any other.
    func answer(_ repeated: RepeatedRequest, _ downstream: Downstream, _ worker: Worker) -> Handling? { nil }

    /// The request that was just answered, if it may be kept to compare the next ones with it.
    func takeKept() -> RepeatedRequest? { nil }

    /// A request that cannot be framed: the answer goes to `worker.outbound`, the connection closes.
    func refuse(_ refusal: MessageRefusal, _ downstream: Downstream, _ worker: Worker) {}

    /// A client was late with the rest of its request (408).
    func refuseLate(_ downstream: Downstream, _ worker: Worker) {}

    /// An exchange's own deadline has come.
    func exchangeDue(_ number: UInt64, _ worker: Worker) {}

    /// A descriptor that was given to `Worker.watch` is ready.
    func upstreamReady(_ number: Int, _ readiness: Readiness, _ worker: Worker) {}

    /// Another thread has sent a message.
    func received(_ message: WorkerMessage, _ worker: Worker) {}

    /// The loop has waited and has events.
    func afterWait(_ worker: Worker) {}

    /// The loop has ended.
    func stopped() {}

    /// Last call before the loop waits: tell epoll what has changed.
    func beforeWait(_ worker: Worker) {}

    /// The loop has served a batch of events.
    func afterEvents(_ worker: Worker) {}

    /// When the application wants to be called though nothing happens.
    var nextDeadline: MonotonicInstant? { nil }

    /// Whether no exchange is under way.
    var isQuiet: Bool { true }

    /// Something happened to a connection that is counted.
    func note(_ event: ConnectionEvent, _ worker: Worker) {}
}

/// What can happen to a connection, for the counters.
enum ConnectionEvent: Sendable, Hashable {
    /// Accepted.
    case opened
    /// Closed, whatever for.
    case closed
    /// Closed at once: the listener has as many as it may have.
    case refused
    /// Not accepted for a moment: no descriptors or memory.
    case exhausted
    /// Has begun the last request that it may carry.
    case lastRequest
    /// The TLS handshake is complete.
    case handshakeCompleted(resumed: Bool)
    /// The TLS handshake failed.
    case handshakeFailed
    /// The client was too slow with something.
    case expired(ConnectionClock.Wait)
}
