import CGatewayShims
import Foundation
import Glibc
import Locking

/// An upstream that plays a script with raw bytes and records what it was sent: no HTTP library between the
/// tests and the wire. Listens on 127.0.0.1, one thread per connection; every wait is bounded.
final class ScriptedUpstream: Sendable {
    typealias Script = @Sendable (ScriptedConnection) -> Void

    let port: UInt16
    private let listener: Int32
    private let recorded = Lock<[String]>([])
    private let accepted = Lock<Int>(0)

    /// Starts to listen; `script` runs for each connection, which is closed when it returns.
    init(_ script: @escaping Script) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // sockaddr_in is what bind and getsockname expect for AF_INET.
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(listener, generic, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        precondition(isListening, "no port to listen on")
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self, listener] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 {
                    _ = Glibc.close(listener)
                    return
                }
                let number = accepted.withLock { count in
                    count += 1
                    return count
                }
                let connection = ScriptedConnection(descriptor, number: number) { [self] head in
                    recorded.withLock { $0.append(head) }
                }
                Thread.detachNewThread {
                    script(connection)
                    connection.close()
                }
            }
        }
    }

    /// Ends accepting; the listener's thread closes the listener, since nobody else knows when it last used
    /// it.
    func stop() { _ = shutdown(listener, Int32(SHUT_RDWR)) }

    /// The heads of the requests so far, over all connections, in order of arrival.
    var requests: [String] { recorded.withLock { $0 } }

    /// Number of connections so far.
    var connectionCount: Int { accepted.withLock { $0 } }

    var url: String { "http://127.0.0.1:\(port)" }
}

/// One connection of the scripted upstream. Used by its own thread only.
final class ScriptedConnection: @unchecked Sendable {
    // Confined to the thread that runs the script; handed over once, before that thread starts.
    private let descriptor: Int32
    /// 1 for the first connection of the upstream.
    let number: Int
    private let record: @Sendable (String) -> Void
    private var pending: [UInt8] = []
    private var isClosed = false

    init(_ descriptor: Int32, number: Int, record: @escaping @Sendable (String) -> Void) {
        self.descriptor = descriptor
        self.number = number
        self.record = record
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var on: Int32 = 1
        unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Keeps the kernel's buffers from growing, so that back-pressure shows early.
    func useFixedBuffers() {
        var size: Int32 = 262_144
        let length = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, length)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, length)
    }

    /// The next request head with its empty line, recorded; `nil` when the client closed.
    @discardableResult
    func readHead() -> String? {
        while true {
            if let end = endOfHead() {
                let head = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeFirst(end)
                record(head)
                return head
            }
            guard readMore() else { return nil }
        }
    }

    /// The next `count` bytes, fewer when the client closed.
    func read(_ count: Int) -> [UInt8] {
        while pending.count < count, readMore() {}
        let bytes = Array(pending.prefix(count))
        pending.removeFirst(bytes.count)
        return bytes
    }

    /// Everything up to and including `text`.
    func read(through text: String) -> String {
        let wanted = Array(text.utf8)
        while !pending.ends(with: wanted), readMore() {}
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// Whether the client closes, without sending more, before the bound on waiting.
    func readsEnd() -> Bool {
        pending.isEmpty && !readMore()
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress.map { unsafe $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Closes at once with a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() {
        if isClosed { return }
        isClosed = true
        _ = Glibc.close(descriptor)
    }

    private func endOfHead() -> Int? {
        guard pending.count >= 4 else { return nil }
        for index in 0...(pending.count - 4) where Array(pending[index..<(index + 4)]) == [13, 10, 13, 10] {
            return index + 4
        }
        return nil
    }

    private func readMore() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
        }
        if count <= 0 { return false }
        pending.append(contentsOf: buffer.prefix(count))
        return true
    }
}

extension [UInt8] {
    fileprivate func ends(with suffix: [UInt8]) -> Bool {
        count >= suffix.count && Array(self.suffix(suffix.count)) == suffix
    }
}

/// A door a script waits at until the test opens it; opening counts, so it may be opened first.
final class Gate: @unchecked Sendable {
    // Every access to `openCount` holds `condition`.
    private let condition = NSCondition()
    private var openCount = 0

    func open() {
        condition.lock()
        openCount += 1
        condition.broadcast()
        condition.unlock()
    }

    /// Waits for one opening, at most ten seconds.
    func wait() {
        let limit = Date(timeIntervalSinceNow: 10)
        condition.lock()
        while openCount == 0, condition.wait(until: limit) {}
        if openCount > 0 { openCount -= 1 }
        condition.unlock()
    }
}
