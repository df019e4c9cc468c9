import HTTPModel

/// What a listener asks of its clients.
package struct ListenerPolicy: Sendable, Hashable {
    /// Bounds of a request.
    package var http1 = HTTP1Limits()
    /// Times a client may take.
    package var timeouts = ConnectionTimeouts()
    /// Requests on one connection, before it is closed in an orderly way.
    package var maximumRequestsPerConnection: UInt64 = 10_000
    /// Open connections per worker; further ones are closed at once.
    package var maximumConnectionsPerWorker = 16_384

    /// The defaults.
    package init() {}
}

/// One worker's share of a listener: its socket, its TLS context, its open connections.
package final class WorkerListener {
    let listener: Listener
    let policy: ListenerPolicy
    let tls: TLSContext?
    /// Connections accepted here and not yet closed.
    var connectionCount = 0
    /// Whether epoll watches the socket; not while the process is out of descriptors or draining.
    var isAccepting = false

    /// Puts the parts together.
    init(listener: consuming Listener, policy: ListenerPolicy, tls: TLSContext?) {
        self.listener = listener
        self.policy = policy
        self.tls = tls
    }
}
