// Boundary file: the easy interface of libcurl. Every call here runs on the worker that owns the handle; the
// handle and the list of field lines belong to `CurlEasy` and are freed in its deinit. Callbacks get the
// `CurlEasy` unretained: the client keeps it alive for as long as libcurl knows it. They unwrap, forward,
// return.
import CCurl
import CGatewayShims
import Glibc
import HTTPModel

/// One configured request handle of libcurl, used for one transfer after another.
///
/// What holds for every request is set once (28 instead of 32 µs per request); `prepare` sets the rest, all
/// of it, so that nothing of the transfer before is left.
@safe
final class CurlEasy {
    /// libcurl's handle, for the multi handle's calls only.
    let handle: UnsafeMutableRawPointer
    private var lines: UnsafeMutablePointer<curl_slist>?
    /// The transfer the handle works for; callbacks without one refuse.
    var transfer: Transfer?
    private let connections: ConnectionTable

    /// A handle with everything set that never changes.
    init(configuration: UpstreamClientConfiguration, connections: ConnectionTable) {
        guard let handle = unsafe curl_easy_init() else {
            preconditionFailure("no memory for a request handle")
        }
        unsafe self.handle = handle
        self.connections = connections
        setFixedOptions(configuration)
        setCallbacks()
    }

    deinit {
        wipeLines()
        unsafe curl_easy_cleanup(handle)
    }

    private func setFixedOptions(_ configuration: UpstreamClientConfiguration) {
        set(CURLOPT_URL, configuration.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        // Otherwise the environment could divert every tenant's requests through a proxy.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_HTTP09_ALLOWED, 0)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_PATH_AS_IS, 1)
        // Chunks come undecoded: ChunkedContent refuses what libcurl would let pass.
        set(CURLOPT_HTTP_TRANSFER_DECODING, 0)
        set(CURLOPT_HTTP_CONTENT_DECODING, 0)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        // The file takes the place of the system's bundle; the system's directory stays, so both are trusted.
        if let file = configuration.trustAnchorFile { set(CURLOPT_CAINFO, file) }
        set(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.wholeMilliseconds)
        set(CURLOPT_MAXAGE_CONN, configuration.idleTimeout.wholeSeconds)
        set(CURLOPT_MAXLIFETIME_CONN, configuration.connectionLifetime.wholeSeconds)
        set(CURLOPT_DNS_CACHE_TIMEOUT, configuration.nameLifetime.wholeSeconds)
    }

    private func setCallbacks() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe check(gw_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION, onHeadLine))
        unsafe check(gw_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION, onContent))
        unsafe check(gw_curl_set_data_callback(handle, CURLOPT_READFUNCTION, onContentWanted))
        unsafe check(gw_curl_set_prerequest_callback(handle, onConnectionChosen))
        unsafe check(gw_curl_set_debug_callback(handle, onRemark))
        unsafe check(gw_curl_set_open_callback(handle, onOpenSocket))
        unsafe check(gw_curl_set_close_callback(handle, onCloseSocket))
        for option in [
            CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_READDATA, CURLOPT_PREREQDATA,
            CURLOPT_OPENSOCKETDATA, CURLOPT_PRIVATE, CURLOPT_DEBUGDATA,
        ] {
            unsafe check(gw_curl_set_pointer(handle, option, context))
        }
        // Connections outlive the handle that opened them, but not the table, which the multi handle keeps.
        let table = unsafe Unmanaged.passUnretained(connections).toOpaque()
        unsafe check(gw_curl_set_pointer(handle, CURLOPT_CLOSESOCKETDATA, table))
    }

    /// Sets everything that differs between requests.
    func prepare(_ request: borrowing UpstreamRequest, for transfer: Transfer) {
        self.transfer = transfer
        set(CURLOPT_FRESH_CONNECT, 0)
        set(CURLOPT_FORBID_REUSE, 0)
        set(CURLOPT_VERBOSE, 0)
        set(CURLOPT_NOBODY, 0)
        set(CURLOPT_HTTPGET, 1)
        switch request.content {
        case .none:
            if request.method == .head { set(CURLOPT_NOBODY, 1) }
        case .length(let byteCount):
            set(CURLOPT_UPLOAD, 1)
            setUploadLength(curl_off_t(clamping: byteCount))
        case .chunked:
            set(CURLOPT_UPLOAD, 1)
            setUploadLength(-1)
        }
        setMethodAndTarget(request)
        buildLines(request)
    }

    /// Forbids the use of a pooled connection for this request.
    func insistOnNewConnection() { set(CURLOPT_FRESH_CONNECT, 1) }

    private func setMethodAndTarget(_ request: borrowing UpstreamRequest) {
        // Both texts end in NUL; libcurl copies them. GET and HEAD without content are libcurl's own words.
        let isNative = request.content == .none && (request.method == .get || request.method == .head)
        if isNative {
            unsafe check(gw_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, nil))
        } else {
            unsafe request.methodText.withUnsafeBufferPointer { text in
                unsafe text.withMemoryRebound(to: CChar.self) {
                    unsafe check(gw_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, $0.baseAddress))
                }
            }
        }
        unsafe request.target.withUnsafeBufferPointer { text in
            unsafe text.withMemoryRebound(to: CChar.self) {
                unsafe check(gw_curl_set_text(handle, CURLOPT_REQUEST_TARGET, $0.baseAddress))
            }
        }
    }

    private func setUploadLength(_ byteCount: curl_off_t) {
        unsafe check(gw_curl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, byteCount))
    }

    private func buildLines(_ request: borrowing UpstreamRequest) {
        wipeLines()
        // Names without a value keep libcurl from adding its own `Accept: */*` and `Expect: 100-continue`; a
        // line of the request with the same name still goes out, because each line is looked at by itself.
        unsafe append("Expect:")
        unsafe append("Accept:")
        unsafe request.lines.withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { lines in
                var offset = 0
                while offset < lines.count, let base = lines.baseAddress {
                    // Each line ends in NUL and the buffer ends with a line.
                    unsafe append(base + offset)
                    unsafe offset += strlen(base + offset) + 1
                }
            }
        }
        if let authorization = request.authorization { appendAuthorization(authorization) }
        unsafe check(gw_curl_set_list(handle, CURLOPT_HTTPHEADER, lines))
    }

    private func appendAuthorization(_ secret: Secret) {
        // The copy made here and the one in the list are wiped; the one in libcurl's send buffer is out of
        // reach and is overwritten by the next request.
        var line = Array("Authorization: Bearer ".utf8)
        line.reserveCapacity(line.count + secret.count + 1)
        secret.withBytes { bytes in
            for index in bytes.indices { line.append(bytes[index]) }
        }
        line.append(0)
        unsafe line.withUnsafeMutableBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) {
                if let base = $0.baseAddress { unsafe append(base) }
            }
            if let base = bytes.baseAddress { unsafe explicit_bzero(base, bytes.count) }
        }
    }

    private func append(_ line: UnsafePointer<CChar>) {
        guard let grown = unsafe curl_slist_append(lines, line) else {
            preconditionFailure("no memory for a field line")
        }
        unsafe lines = grown
    }

    private func wipeLines() {
        var node = unsafe lines
        while let current = unsafe node {
            if let text = unsafe current.pointee.data { unsafe explicit_bzero(text, strlen(text)) }
            unsafe node = current.pointee.next
        }
        unsafe curl_slist_free_all(lines)
        unsafe lines = nil
    }

    /// Takes the handle away from its transfer and forgets the request; libcurl no longer works on it.
    func retire() {
        transfer = nil
        unsafe check(gw_curl_set_list(handle, CURLOPT_HTTPHEADER, nil))
        wipeLines()
    }

    /// Pauses or resumes both directions at once; libcurl knows no other way. May call back.
    func setPause(receiving: Bool, sending: Bool) -> CurlResult {
        let mask = (receiving ? CURLPAUSE_RECV : 0) | (sending ? CURLPAUSE_SEND : 0)
        return CurlResult(unsafe curl_easy_pause(handle, mask))
    }

    /// Has libcurl remark on bytes behind the end of an answer. It drops those that came in one read with the
    /// end, and a remark is all that shows of them. Behind an answer without content it even keeps the
    /// connection, and whatever follows would be taken for the next answer
    /// (`bytesBehindTheEndNeverReachTheNextRequest`); behind content they show that its length is a lie
    /// (`HazardEndToEndTests`).
    fileprivate func watchForExcess() { set(CURLOPT_VERBOSE, 1) }

    /// Has libcurl close the connection when it is done with the request.
    fileprivate func forbidReuse() { set(CURLOPT_FORBID_REUSE, 1) }

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

/// The handle a callback was called for; `context` is what `setCallbacks` gave.
private func easy(_ context: UnsafeMutableRawPointer?) -> CurlEasy? {
    guard let context = unsafe context else { return nil }
    return unsafe Unmanaged<CurlEasy>.fromOpaque(context).takeUnretainedValue()
}

/// The bytes a callback was given, which live until it returns.
private func span<Result>(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ body: (Span<UInt8>) -> Result
) -> Result {
    let raw = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
    return body(unsafe Span(_unsafeElements: raw.assumingMemoryBound(to: UInt8.self)))
}

private let onHeadLine: gw_curl_data_callback = { bytes, size, count, context in
    guard let easy = unsafe easy(context), let transfer = easy.transfer,
        unsafe span(bytes, size * count, { transfer.takeHeadLine($0) })
    else { return 0 }
    if transfer.endsByLength { easy.watchForExcess() }
    return size * count
}

private let onRemark: curl_debug_callback = { _, kind, text, count, context in
    guard kind == CURLINFO_TEXT, let easy = unsafe easy(context) else { return 0 }
    let isExcess = unsafe span(text, count) { $0.count >= 6 && $0.extracting(0..<6).equals("Excess") }
    if isExcess {
        easy.forbidReuse()
        easy.transfer?.excessFound()
    }
    return 0
}

private let onContent: gw_curl_data_callback = { bytes, size, count, context in
    guard let transfer = unsafe easy(context)?.transfer else { return 0 }
    switch unsafe span(bytes, size * count, { transfer.takeContent($0) }) {
    case .taken: return size * count
    case .pause: return Int(CURL_WRITEFUNC_PAUSE)
    // Fewer bytes than given ends the transfer; a callback that comes again gets the same answer.
    case .stop: return size * count == 0 ? 1 : 0
    }
}

private let onContentWanted: gw_curl_data_callback = { room, size, count, context in
    guard let transfer = unsafe easy(context)?.transfer, let room = unsafe room else {
        return Int(CURL_READFUNC_ABORT)
    }
    switch transfer.nextContent(maximumBytes: size * count) {
    case .bytes(let byteCount):
        transfer.sendContent(byteCount) { bytes in
            // `byteCount` is at most the room libcurl offers.
            unsafe bytes.withUnsafeBytes { source in
                if let from = source.baseAddress { unsafe memcpy(room, from, byteCount) }
            }
        }
        return byteCount
    case .pause: return Int(CURL_READFUNC_PAUSE)
    case .end: return 0
    case .stop: return Int(CURL_READFUNC_ABORT)
    }
}

private let onConnectionChosen: curl_prereq_callback = { context, _, _, _, localPort in
    guard let transfer = unsafe easy(context)?.transfer else { return CURL_PREREQFUNC_ABORT }
    let port = UInt16(truncatingIfNeeded: localPort)
    return transfer.mayBeSent(localPort: port) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

private let onOpenSocket: curl_opensocket_callback = { context, purpose, address in
    guard purpose == CURLSOCKTYPE_IPCXN, let address = unsafe address, let easy = unsafe easy(context) else {
        return CURL_SOCKET_BAD
    }
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
    /// libcurl opened a connection for this handle's transfer.
    fileprivate func opened(_ descriptor: Int32) {
        connections.opened(descriptor, for: transfer?.number ?? 0)
        transfer?.connectionOpened()
    }
}

/// The three questions asked of sockets that belong to libcurl.
enum SocketProbe {
    /// Whether neither bytes nor an end have arrived. Takes nothing, never waits.
    static func isQuiet(_ descriptor: Int32) -> Bool {
        let count = gw_socket_peek(descriptor)
        return count < 0 && (gw_errno() == EAGAIN || gw_errno() == EINTR)
    }

    /// The local port, 0 if unknown.
    static func localPort(of descriptor: Int32) -> UInt16 { gw_socket_local_port(descriptor) }

    /// Ends both directions and leaves the descriptor open, since libcurl will close it. The result does not
    /// matter: a socket that cannot be shut down is not connected any more.
    static func shutDown(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
}
