import FlyingSocks
import Foundation
import Glibc

/// One connection: requests in, scripts carried out, in order.
struct StandInConnection: Sendable {
    /// The connection's socket; closed by the server afterwards.
    let socket: AsyncSocket
    /// Who answers.
    let responder: StandInResponder
    /// Whose clock pauses run on.
    let executor: StandInExecutor

    private static let readBytes = 4_096
    private static let proceed = Data("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Serves until the peer leaves, the stand-in stops, or a script ends the connection.
    func serve() async {
        // Answers go out at once: a test must not wait for the kernel to gather small segments.
        try? socket.socket.setValue(true, for: BoolSocketOption(level: Int32(IPPROTO_TCP), name: TCP_NODELAY))
        var reader = RequestReader(connection: responder.control.countConnection())
        // A peer that leaves at any moment is ordinary; there is nobody to tell.
        try? await exchange(&reader)
    }

    private func exchange(_ reader: inout RequestReader) async throws {
        while true {
            switch reader.next() {
            case .incomplete: reader.append(try await socket.read(atMost: Self.readBytes))
            case .awaitingContinue: try await socket.write(Self.proceed)
            case .malformed:
                try await socket.write(Data(responder.refusal()))
                return
            case .request(let request):
                for step in await responder.respond(to: request).steps {
                    guard try await carryOut(step) else { return }
                }
                guard Self.persists(after: request) else { return }
            }
        }
    }

    // Whether the connection goes on after the step.
    private func carryOut(_ step: AnswerScript.Step) async throws -> Bool {
        switch step {
        case .send(let bytes):
            try await socket.write(Data(bytes))
            return true
        case .pause(let milliseconds):
            await executor.pause(milliseconds: milliseconds)
            return true
        case .end(.kept): return true
        case .end(.closed): return false
        case .end(.reset):
            try socket.socket.setValue(0, for: LingerOption())
            return false
        case .end(.silence):
            while true { _ = try await socket.read(atMost: Self.readBytes) }
        }
    }

    // RFC 9112 §9.3.
    private static func persists(after request: RecordedRequest) -> Bool {
        let options = request.values("Connection").flatMap { $0.lowercased().split(separator: ",") }
            .map { $0.trimmingCharacters(in: .whitespaces) }
        return request.version == "HTTP/1.1" ? !options.contains("close") : options.contains("keep-alive")
    }
}
