import CGatewayShims
import Glibc

/// A blocking client that shows the bytes of a connection as they are, decrypted if it has TLS. Every read
/// ends after thirty seconds.
final class RawConnection {
    /// How a connection ended. Under TLS `closed` means with a goodbye, `cut` without.
    enum End: Equatable { case closed, reset, timeout, cut }

    /// One answer, framed by length or chunks, or by the connection's end.
    struct Answer {
        var head = ""
        var body: [UInt8] = []
        /// Whether the body is as long as its framing says.
        var isWhole = true

        var status: Int { Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0 }
        var text: String { String(decoding: body, as: UTF8.self) }

        /// All values of a field, by its name without regard to case.
        func values(_ name: String) -> [String] {
            head.split(separator: "\r\n").dropFirst().compactMap { line in
                guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name.lowercased()
                else {
                    return nil
                }
                return line[line.index(after: colon)...].drop { $0 == " " }.description
            }
        }
        func value(_ name: String) -> String? { values(name).first }
    }

    struct Failure: Error { let number: Int32 }

    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private(set) var end: End?
    /// The client's TLS, once `secure` has been called.
    private(set) var tls: TLSClient?

    init(port: UInt16, receiveBufferBytes: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(number: errno) }
        if var size = receiveBufferBytes {
            _ = unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        _ = unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        // Every send is a segment of its own, so that a request can be cut where a test wants.
        var on: Int32 = 1
        _ = unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(number: errno) }
    }

    /// A connection with TLS, its handshake done.
    convenience init(port: UInt16, secured wishes: TLSClient.Wishes) throws {
        try self.init(port: port)
        let client = try TLSClient(descriptor, wishes)
        guard client.handshake() else { throw TLSClient.Failure(reason: client.failure) }
        tls = client
    }

    deinit { close(descriptor) }

    /// Closes at once with a reset. Nothing can be asked of the connection afterwards.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        // An empty socket takes the number, so that `deinit` closes nothing of somebody else's.
        let placeholder = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        _ = dup2(placeholder, descriptor)
        close(placeholder)
        end = .reset
    }

    /// Sends everything; false once the peer takes no more.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        if let tls { return tls.write(bytes) }
        return sendRaw(bytes)
    }

    /// Sends bytes past TLS.
    @discardableResult
    func sendRaw(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let result = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if result <= 0 { return false }
            sent += result
        }
        return true
    }

    /// Ends the sending side.
    func endSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads the next answer; an interim one counts as one.
    func answer(to method: String = "GET") -> Answer {
        var answer = Answer()
        guard let head = head() else {
            answer.isWhole = false
            return answer
        }
        answer.head = head
        if method == "HEAD" || answer.status < 200 || answer.status == 204 || answer.status == 304 {
            return answer
        }
        if let length = answer.value("Content-Length").flatMap({ Int($0) }) {
            answer.body = take(length)
            answer.isWhole = answer.body.count == length
        } else if answer.value("Transfer-Encoding") == "chunked" {
            (answer.body, answer.isWhole) = chunks()
        } else {
            while more() {}
            answer.body = buffer
            buffer = []
            answer.isWhole = end == .closed
        }
        return answer
    }

    /// Reads the head of the next answer, and leaves its content.
    func head() -> String? { take(until: "\r\n\r\n") }

    /// Everything up to the end of the connection.
    func rest() -> [UInt8] {
        while more() {}
        defer { buffer = [] }
        return buffer
    }

    /// Reads chunks until they hold so many bytes, or there are no more; `isWhole` says that the last one
    /// came.
    func chunks(until count: Int = .max) -> (content: [UInt8], isWhole: Bool) {
        var content: [UInt8] = []
        while content.count < count {
            // Bytes, not characters: to a String CR LF is one character, and a digit would go with it.
            guard let line = take(until: "\r\n"),
                let size = Int(String(decoding: line.utf8.dropLast(2), as: UTF8.self), radix: 16)
            else { return (content, false) }
            let piece = take(size + 2)
            content += piece.prefix(size)
            guard piece.count == size + 2 else { return (content, false) }
            if size == 0 { return (content, true) }
        }
        return (content, false)
    }

    private func take(until mark: String) -> String? {
        let mark = Array(mark.utf8)
        while true {
            if let range = buffer.firstRange(of: mark) {
                let text = String(decoding: buffer[..<range.upperBound], as: UTF8.self)
                buffer.removeFirst(range.upperBound)
                return text
            }
            if !more() { return nil }
        }
    }

    /// The next bytes, fewer if the connection ends before.
    func take(_ count: Int) -> [UInt8] {
        while buffer.count < count, more() {}
        let taken = Array(buffer.prefix(count))
        buffer.removeFirst(taken.count)
        return taken
    }

    private func more() -> Bool {
        if let tls {
            let (bytes, end) = tls.read()
            buffer += bytes
            self.end = end ?? self.end
            return end == nil
        }
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(descriptor, &piece, piece.count, 0)
        if count > 0 {
            buffer += piece[..<count]
            return true
        }
        end = count == 0 ? .closed : (errno == EAGAIN ? .timeout : .reset)
        return false
    }
}
