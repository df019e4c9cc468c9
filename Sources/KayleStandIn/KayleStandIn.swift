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
