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
    private let certificate: (() throws(TLSFailure) -> TLSContext)?
    /// The certificate and keys for new connections; `nil` on a plain listener.
    private(set) var tls: TLSContext?
    /// Connections accepted here and not yet closed.
    var connectionCount = 0
    /// Whether epoll watches the socket; not while the process is out of descriptors or draining.
    var isAccepting = false

    /// Puts the parts together.
    init(
        listener: consuming Listener, policy: ListenerPolicy,
        certificate: (() throws(TLSFailure) -> TLSContext)?
    ) throws(TLSFailure) {
        self.listener = listener
        self.policy = policy
        self.certificate = certificate
        tls = try certificate?()
    }

    /// Reads the certificate again; keeps the one in use if that fails, which the main thread has reported.
    func renewCertificate() {
        guard let certificate else { return }
        // The failure is lost here: the main thread tried the same files first and told what is wrong with
        // them.
        tls = (try? certificate()) ?? tls
    }
}
