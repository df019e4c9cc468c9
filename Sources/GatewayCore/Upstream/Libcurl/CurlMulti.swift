// Boundary file: the multi interface of libcurl. Every call here runs on the worker that owns the handle,
// which belongs to `CurlMulti` and is freed in its deinit. Callbacks get the `CurlMulti` unretained; they are
// taken back before it goes.
import CCurl
import CGatewayShims

/// libcurl's set of connections, those being made and those lent out, driven by an event loop that is not its
/// own.
@safe
final class CurlMulti {
    private let handle: UnsafeMutableRawPointer
    private let connections: ConnectionTable
    /// When libcurl wants to be woken although nothing has happened, in milliseconds from the moment it said
    /// so; taken by `takeTimerWish`.
    private var timerWish: TimerWish?

    /// A new wish of libcurl's.
    enum TimerWish {
        case after(milliseconds: Int)
        case never
    }

    /// A set without connections that is to hold at most so many.
    init(maximumConnectionCount: Int, connections: ConnectionTable) {
        precondition(Self.isLibraryReady, "libcurl cannot be initialized")
        guard let handle = unsafe curl_multi_init() else { preconditionFailure("no memory for libcurl") }
        unsafe self.handle = handle
        self.connections = connections
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        // Above this libcurl would look for idle ones to close. The pool keeps the bound, far below.
        unsafe check(gw_curl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, 2 * maximumConnectionCount))
        unsafe check(gw_curl_multi_set_long(handle, CURLMOPT_PIPELINING, 0))
        unsafe check(gw_curl_multi_set_pointer(handle, CURLMOPT_SOCKETDATA, context))
        unsafe check(gw_curl_multi_set_socket_callback(handle, onSocketWish))
        unsafe check(gw_curl_multi_set_pointer(handle, CURLMOPT_TIMERDATA, context))
        unsafe check(gw_curl_multi_set_timer_callback(handle, onTimerWish))
    }

    deinit {
        // Cleaning up closes every connection, which the table hears through the socket's own callback.
        unsafe check(gw_curl_multi_set_socket_callback(handle, nil))
        unsafe check(gw_curl_multi_set_timer_callback(handle, nil))
        unsafe check(curl_multi_cleanup(handle))
    }

    /// Once per process, and before any other thread may use it (libcurl of this build is safe for threads).
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Begins to make a connection.
    func add(_ easy: CurlEasy) { unsafe check(curl_multi_add_handle(handle, easy.handle)) }

    /// Closes a connection, made or being made. Never inside a callback.
    func remove(_ easy: CurlEasy) { unsafe check(curl_multi_remove_handle(handle, easy.handle)) }

    /// Tells libcurl what happened on a descriptor. Callbacks run inside.
    func act(on descriptor: Int32, _ readiness: UpstreamReadiness) {
        var mask: Int32 = 0
        if readiness.contains(.readable) { mask |= CURL_CSELECT_IN }
        if readiness.contains(.writable) { mask |= CURL_CSELECT_OUT }
        if readiness.contains(.failed) { mask |= CURL_CSELECT_ERR }
        var running: Int32 = 0
        unsafe check(curl_multi_socket_action(handle, descriptor, mask, &running))
    }

    /// Tells libcurl that its time has come. Callbacks run inside.
    func actOnTimer() {
        var running: Int32 = 0
        unsafe check(curl_multi_socket_action(handle, CURL_SOCKET_TIMEOUT, 0, &running))
    }

    /// The next connection that libcurl is done with making.
    func nextResult() -> (CurlEasy, CurlResult)? {
        var code = CURLE_OK
        guard let finished = unsafe gw_curl_multi_next_result(handle, &code),
            let easy = unsafe curlEasy(of: finished)
        else { return nil }
        return (easy, easy.result(code))
    }

    /// The last wish about the timer that was not taken yet.
    func takeTimerWish() -> TimerWish? {
        defer { timerWish = nil }
        return timerWish
    }

    fileprivate func wishes(_ what: Int32, on descriptor: Int32, for connection: UInt64) {
        let interest: UpstreamInterest?
        switch what {
        case CURL_POLL_IN: interest = .readable
        case CURL_POLL_OUT: interest = .writable
        case CURL_POLL_INOUT: interest = .both
        default: interest = nil
        }
        connections.wishes(interest, on: descriptor, for: connection)
    }

    fileprivate func wishesTimer(milliseconds: Int) {
        timerWish = milliseconds < 0 ? .never : .after(milliseconds: milliseconds)
    }

    /// The calls can only fail for a handle misused in here, or without memory.
    private func check(_ code: CURLMcode) {
        precondition(code == CURLM_OK, "libcurl failed with \(code.rawValue)")
    }
}

/// Our object for a handle; `nil` for handles libcurl makes for itself.
private func curlEasy(of handle: UnsafeMutableRawPointer?) -> CurlEasy? {
    guard let handle = unsafe handle else { return nil }
    var context: UnsafeMutableRawPointer?
    guard unsafe gw_curl_get_pointer(handle, CURLINFO_PRIVATE, &context) == CURLE_OK,
        let context = unsafe context
    else { return nil }
    return unsafe Unmanaged<CurlEasy>.fromOpaque(context).takeUnretainedValue()
}

private let onSocketWish: curl_socket_callback = { handle, descriptor, what, context, _ in
    guard let context = unsafe context else { return 0 }
    let multi = unsafe Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue()
    multi.wishes(what, on: descriptor, for: unsafe curlEasy(of: handle)?.connection?.number ?? 0)
    return 0
}

private let onTimerWish: curl_multi_timer_callback = { _, milliseconds, context in
    guard let context = unsafe context else { return 0 }
    unsafe Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue().wishesTimer(
        milliseconds: milliseconds)
    return 0
}
