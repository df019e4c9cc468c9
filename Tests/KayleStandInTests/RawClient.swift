import FlyingSocks
import Foundation
import Glibc

@testable import KayleStandIn

/// A blocking client that shows the bytes of a connection as they are; every read ends after thirty seconds
/// at most.
final class RawClient {
    /// How a read ended when there were no bytes.
    enum End: Equatable {
        case closed
        case reset
        case timeout
    }

    private let socket: Socket
    private var buffer: [UInt8] = []

    init(_ standIn: RunningStandIn, timeoutMilliseconds: Int = 30_000) throws {
        socket = try Socket(domain: AF_INET, type: .stream)
        try socket.setValue(timeoutMilliseconds, for: ReceiveTimeoutOption())
        try socket.connect(to: sockaddr_in.inet(ip4: "127.0.0.1", port: standIn.port))
    }

    deinit {
        try? socket.close()
    }

    func send(_ text: String) throws {
        let data = Data(text.utf8)
        var sent = data.startIndex
        while sent < data.endIndex { sent = try socket.write(data, from: sent) }
    }

    /// Sends a request with the given key and reads its answer.
    func exchange(
        _ method: String, _ target: String, key: String? = "kk_a", body: String? = nil
    ) throws -> RawAnswer {
        var text = "\(method) \(target) HTTP/1.1\r\nHost: x\r\n"
        if let key { text += "Authorization: Bearer \(key)\r\n" }
        if let body { text += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        try send(text + "\r\n" + (body ?? ""))
        return try answer(to: method)
    }

    /// Reads one answer framed by length, by chunks, or by nothing.
    func answer(to method: String = "GET") throws -> RawAnswer {
        while buffer.firstRange(of: Array("\r\n\r\n".utf8)) == nil { try more() }
        let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)).map(\.upperBound) ?? buffer.endIndex
        let head = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeFirst(end)
        var answer = RawAnswer(head: head, body: [])
        guard method != "HEAD", let length = answer.field("Content-Length").flatMap({ Int($0) }) else {
            return answer
        }
        while buffer.count < length { try more() }
        answer.body = Array(buffer[..<length])
        buffer.removeFirst(length)
        return answer
    }

    /// Everything up to the end of the connection, and how it ended.
    func rest() -> (bytes: [UInt8], end: End) {
        while true {
            do {
                try more()
            } catch let error as SocketError {
                let bytes = buffer
                buffer = []
                switch error {
                case .disconnected: return (bytes, .closed)
                case .blocked, .timeout: return (bytes, .timeout)
                case .failed, .unsupportedAddress: return (bytes, .reset)
                }
            } catch {
                return (buffer, .reset)
            }
        }
    }

    private func more() throws {
        buffer += try socket.read(atMost: 65_536)
    }
}

/// An answer as it came.
struct RawAnswer {
    let head: String
    var body: [UInt8]

    var status: Int { Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0 }
    var text: String { String(decoding: body, as: UTF8.self) }

    func field(_ name: String) -> String? {
        head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }
}

/// `SO_RCVTIMEO` in milliseconds.
private struct ReceiveTimeoutOption: SocketOption {
    let name = SO_RCVTIMEO

    func makeValue(from socketValue: timeval) -> Int {
        socketValue.tv_sec * 1_000 + socketValue.tv_usec / 1_000
    }

    func makeSocketValue(from value: Int) -> timeval {
        timeval(tv_sec: value / 1_000, tv_usec: value % 1_000 * 1_000)
    }
}
