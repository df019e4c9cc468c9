import FlyingFox

/// A stand-in that listens. It stops when told to, or with its last reference.
public final class RunningStandIn: Sendable {
    /// The TCP port on 127.0.0.1.
    public let port: UInt16
    /// Counters, record and faults.
    public let control: StandInControl
    private let responder: StandInResponder
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

    /// What the upstream would say to `GET target` under `key` at this moment, neither counted nor recorded
    /// nor hit by faults: the oracle of model-based tests.
    public func truth(_ target: String, key: String) -> (status: Int, body: [UInt8]) {
        let request = RecordedRequest(
            connection: 0, head: [], method: "GET", target: target, version: "HTTP/1.1",
            fields: [("Authorization", "Bearer " + key)], body: [])
        let answer = responder.api.answer(request).answer
        return (answer.status.code, answer.body)
    }

    /// Ends all connections and frees the port; waits until that is done, five seconds at most. Harmless when
    /// repeated.
    public func stop() {
        server.stop()
    }
}
