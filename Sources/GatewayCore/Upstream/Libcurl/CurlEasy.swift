// Boundary file: the easy interface of libcurl. Every call here runs on the worker that owns the handle,
// which belongs to `CurlEasy` and is freed in its deinit. Callbacks get the `ConnectionTable` and the
// `CurlEasy` unretained: the pool keeps both alive for as long as libcurl knows them. They unwrap, forward,
// return.
import CCurl
import CGatewayShims
import Glibc
import HTTPModel

/// A handle of libcurl that makes one connection after another and lends each to its owner.
///
/// libcurl resolves, connects, shakes hands and checks the certificate, and stops there
/// (`CURLOPT_CONNECT_ONLY`); what is sent and received on the connection is ours. Everything is set once, so
/// that TLS sessions a handle has kept are resumed by its next connection.
@safe
final class CurlEasy {
    /// What became of bytes.
    enum Outcome: Sendable, Hashable {
        /// So many were sent or received, at least one.
        case moved(byteCount: Int)
        /// None now; the descriptor will say when.
        case wouldBlock
        /// The upstream has ended its side in due form, over TLS with a closing alert.
        case ended
        /// The connection is of no use any more.
        case broken

        /// What became of bytes on a socket.
        fileprivate init(_ outcome: TransferOutcome) {
            switch outcome {
            case .moved(let count): self = .moved(byteCount: count)
            case .wouldBlock: self = .wouldBlock
            case .ended: self = .ended
            case .lost: self = .broken
            }
        }
    }

    /// libcurl's handle, for the multi handle's calls only.
    let handle: UnsafeMutableRawPointer
    /// The connection the handle makes or keeps.
    var connection: UpstreamConnection?
    private let connections: ConnectionTable
    // Whether bytes go over the connection as they are.
    private let isPlain: Bool
    // The socket of a plain connection that is made, else -1: there libcurl would only hand bytes on, and
    // look its connection up among all of them before each call.
    private var plainSocket: Int32 = -1

    /// A handle with everything set.
    init(configuration: UpstreamClientConfiguration, connections: ConnectionTable) {
        guard let handle = unsafe curl_easy_init() else {
            preconditionFailure("no memory for a connection's handle")
        }
        unsafe self.handle = handle
        self.connections = connections
        isPlain = configuration.url.hasPrefix("http://")
        setOptions(configuration)
        setCallbacks()
    }

    deinit { unsafe curl_easy_cleanup(handle) }

    private func setOptions(_ configuration: UpstreamClientConfiguration) {
        set(CURLOPT_URL, configuration.url)
        set(CURLOPT_CONNECT_ONLY, 1)
        // libcurl's own pool is never used: a connection is ours until it closes.
        set(CURLOPT_FRESH_CONNECT, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        // Otherwise the environment could divert every tenant's requests through a proxy.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        // The file takes the place of the system's bundle; the system's directory stays, so both are trusted.
        if let file = configuration.trustAnchorFile { set(CURLOPT_CAINFO, file) }
        set(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.wholeMilliseconds)
        // The pool decides how long a connection is used; libcurl would have an opinion of its own.
        set(CURLOPT_MAXAGE_CONN, configuration.connectionLifetime.wholeSeconds)
        set(CURLOPT_DNS_CACHE_TIMEOUT, configuration.nameLifetime.wholeSeconds)
    }

    private func setCallbacks() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe check(gw_curl_set_open_callback(handle, onOpenSocket))
        unsafe check(gw_curl_set_close_callback(handle, onCloseSocket))
        unsafe check(gw_curl_set_pointer(handle, CURLOPT_OPENSOCKETDATA, context))
        unsafe check(gw_curl_set_pointer(handle, CURLOPT_PRIVATE, context))
        // Sockets may outlive the handle that opened them, but not the table, which the multi handle keeps.
        let table = unsafe Unmanaged.passUnretained(connections).toOpaque()
        unsafe check(gw_curl_set_pointer(handle, CURLOPT_CLOSESOCKETDATA, table))
    }

    /// The socket of the connection that was made; -1 if libcurl has closed it since.
    var descriptor: Int32 {
        var socket = CURL_SOCKET_BAD
        unsafe check(gw_curl_get_socket(handle, CURLINFO_ACTIVESOCKET, &socket))
        return socket
    }

    /// The connection is made, by this socket.
    ///
    /// Until something is sent or received by its handle, libcurl holds a connection for idle: when it makes
    /// another one it closes those that are idle for too long, whoever uses their sockets. So nothing is sent
    /// once, which binds the connection to the handle (`aConnectionInUseOutlivesTheMakingOfAnotherOne`).
    func established(_ descriptor: Int32) {
        guard isPlain else { return }
        plainSocket = descriptor
        var (nothing, count): (UInt8, Int) = (0, 0)
        // It reads none of the bytes, and says that it sent none.
        _ = unsafe curl_easy_send(handle, &nothing, 0, &count)
    }

    /// The connection is closed, or about to be: its socket's number may be another's next.
    func closed() { plainSocket = -1 }

    /// Sends what it can of the buffer's bytes, which must not be empty, and drops it.
    ///
    /// After `wouldBlock` the same bytes must come again from the same place, perhaps with others behind
    /// them: OpenSSL holds a record of them ready. The buffer is therefore not appended to in between.
    func send(_ bytes: inout ByteBuffer) -> Outcome {
        if plainSocket >= 0 { return Outcome(SystemCall.writeAndWipe(plainSocket, from: &bytes)) }
        var count = 0
        let code = unsafe bytes.withUnsafeBytes { source in
            unsafe curl_easy_send(handle, source.baseAddress, source.count, &count)
        }
        guard code == CURLE_OK, count > 0 else { return code == CURLE_AGAIN ? .wouldBlock : .broken }
        // They may hold an upstream token.
        bytes.consumeAndWipe(count)
        return .moved(byteCount: count)
    }

    /// Receives into the buffer what has arrived, at most `maximumBytes`.
    ///
    /// Those of a TLS record that are more than asked for stay in libcurl, where no descriptor tells of them;
    /// so at least 16,384 are to be asked for wherever the answer to "is there more?" counts.
    func receive(into buffer: inout ByteBuffer, maximumBytes: Int) -> Outcome {
        if plainSocket >= 0 {
            return Outcome(SystemCall.read(plainSocket, into: &buffer, maximum: maximumBytes))
        }
        var code = CURLE_OK
        // The room is at least as large as is said, and libcurl writes no more than it says.
        let count = unsafe buffer.fill(minimum: maximumBytes) { room in
            var count = 0
            code = unsafe curl_easy_recv(handle, room.baseAddress, maximumBytes, &count)
            return code == CURLE_OK ? count : 0
        }
        if code == CURLE_OK { return count > 0 ? .moved(byteCount: count) : .ended }
        return code == CURLE_AGAIN ? .wouldBlock : .broken
    }

    /// A result with what else is known of it.
    func result(_ code: CURLcode) -> CurlResult {
        var systemError = 0
        unsafe check(gw_curl_get_long(handle, CURLINFO_OS_ERRNO, &systemError))
        return CurlResult(code, systemError: Int32(truncatingIfNeeded: systemError))
    }

    private func set(_ option: CURLoption, _ value: Int) {
        unsafe check(gw_curl_set_long(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) {
        unsafe check(gw_curl_set_text(handle, option, value))
    }

    /// Options are constants of this file and memory does not run out: any refusal is a mistake in here.
    private func check(_ code: CURLcode) {
        precondition(code == CURLE_OK, "libcurl refused an option with \(code.rawValue)")
    }
}

extension Duration {
    /// Whole milliseconds, at least one.
    fileprivate var wholeMilliseconds: Int { max(1, Int(nanoseconds / 1_000_000)) }
    /// Whole seconds, at least one.
    fileprivate var wholeSeconds: Int { max(1, Int(nanoseconds / 1_000_000_000)) }
}

private let onOpenSocket: curl_opensocket_callback = { context, purpose, address in
    guard purpose == CURLSOCKTYPE_IPCXN, let address = unsafe address, let context = unsafe context else {
        return CURL_SOCKET_BAD
    }
    let easy = unsafe Unmanaged<CurlEasy>.fromOpaque(context).takeUnretainedValue()
    let descriptor = unsafe gw_socket_open(address)
    if descriptor >= 0 { easy.opened(descriptor) }
    return descriptor
}

private let onCloseSocket: curl_closesocket_callback = { context, descriptor in
    if let context = unsafe context {
        unsafe Unmanaged<ConnectionTable>.fromOpaque(context).takeUnretainedValue().closing(descriptor)
    }
    return close(descriptor)
}

extension CurlEasy {
    /// libcurl opened a socket for this handle's connection.
    fileprivate func opened(_ descriptor: Int32) {
        connections.opened(descriptor, for: connection?.number ?? 0)
    }
}
