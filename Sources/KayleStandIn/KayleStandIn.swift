import FlyingFox
import Foundation

/// A small Kayle API over seeded data, for the demonstration and the tests: same routes, shapes and quirks.
///
/// It shares no code with the gateway, so that a misunderstanding in one cannot hide in the other.
public enum KayleStandIn {
    /// Starts a stand-in on 127.0.0.1 and returns once it listens. Callable from synchronous and asynchronous
    /// code: it runs on threads of its own.
    public static func launch(_ configuration: StandInConfiguration) throws(StandInFailure) -> RunningStandIn
    {
        let responder = StandInResponder(configuration)
        do {
            let server = try StandInServer(port: configuration.port, responder: responder)
            let port = try server.port
            server.run()
            return RunningStandIn(port: port, responder: responder, server: server)
        } catch {
            throw .cannotListen(port: configuration.port, reason: error.localizedDescription)
        }
    }
}

/// Why a stand-in did not start.
public enum StandInFailure: Error, Sendable, Equatable {
    /// The address could not be had.
    case cannotListen(port: UInt16, reason: String)
}

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
