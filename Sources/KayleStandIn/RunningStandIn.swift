/// A stand-in that listens. It stops when told to, or with its last reference.
public final class RunningStandIn: Sendable {
    /// The TCP port on 127.0.0.1.
    public let port: UInt16
    /// Counters, record and faults.
    public let control: StandInControl
    let responder: StandInResponder
    private let server: StandInServer

    init(port: UInt16, responder: StandInResponder, server: StandInServer) {
        self.port = port
        self.responder = responder
        self.server = server
        control = responder.control
    }

    deinit {
        server.stop()
    }

    /// For instance `http://127.0.0.1:40123`.
    public var url: String { "http://127.0.0.1:" + String(port) }

    /// Ends all connections and frees the port; waits until that is done, five seconds at most. Harmless when
    /// repeated.
    public func stop() {
        server.stop()
    }
}
