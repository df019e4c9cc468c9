import HTTPModel

/// What a listener asks of its clients.
package struct ListenerPolicy: Sendable, Hashable {
    /// Bounds of a request.
    package var http1 = HTTP1Limits()
    /// Times a client may take.
    package var timeouts = ConnectionTimeouts()
    /// Requests on one connection, before it is closed in an orderly way.
    package var maximumRequestsPerConnection: UInt64 = 10_000
    /// Open connections of all workers; further ones are closed at once.
    package var maximumConnections = 16_384

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
    /// Which worker has how many connections of this address.
    let balance: ConnectionBalance
    /// The worker's place among those that share them.
    let position: Int
    /// Whether epoll watches the socket; not while the process is out of descriptors or draining.
    var isAccepting = false

    /// Puts the parts together.
    init(
        listener: consuming Listener, policy: ListenerPolicy, balance: ConnectionBalance, position: Int,
        certificate: (() throws(TLSFailure) -> TLSContext)?
    ) throws(TLSFailure) {
        self.listener = listener
        self.policy = policy
        self.balance = balance
        self.position = position
        self.certificate = certificate
        tls = try certificate?()
    }

    /// One that no other worker shares.
    convenience init(
        listener: consuming Listener, policy: ListenerPolicy,
        certificate: (() throws(TLSFailure) -> TLSContext)?
    ) throws(TLSFailure) {
        try self.init(
            listener: listener, policy: policy,
            balance: ConnectionBalance(workerCount: 1, maximumCount: policy.maximumConnections), position: 0,
            certificate: certificate)
    }

    /// Reads the certificate again; keeps the one in use if that fails, which the main thread has reported.
    func renewCertificate() {
        guard let certificate else { return }
        // The failure is lost here: the main thread tried the same files first and told what is wrong with
        // them.
        tls = (try? certificate()) ?? tls
    }
}
