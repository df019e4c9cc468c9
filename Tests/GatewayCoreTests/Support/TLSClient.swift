import COpenSSL
import Glibc

/// The client's TLS of a `RawConnection`, by OpenSSL over the same blocking socket. Used by one thread.
@safe
final class TLSClient {
    struct Failure: Error { let reason: String }

    /// What the client wants of the connection.
    @safe
    struct Wishes {
        /// The application protocols, each with its length in front.
        var protocols: [UInt8] = []
        var minimumVersion = TLS1_2_VERSION
        var maximumVersion = TLS1_3_VERSION
        /// A session to resume.
        var session: Session?
        /// The file with the certificate to trust; without one nothing is checked.
        var trusted: String?
    }

    /// A session that another connection can take up.
    @safe
    final class Session {
        fileprivate let handle: OpaquePointer
        fileprivate init(owning handle: OpaquePointer) { unsafe self.handle = handle }
        deinit { unsafe SSL_SESSION_free(handle) }
    }

    private let context: OpaquePointer
    private let handle: OpaquePointer
    /// The library's words for the last failure.
    private(set) var failure = ""

    init(_ descriptor: Int32, _ wishes: Wishes) throws {
        // OpenSSL writes without MSG_NOSIGNAL, and a test may write to a gateway that has closed.
        _ = signal(SIGPIPE, SIG_IGN)
        guard let context = unsafe SSL_CTX_new(TLS_client_method()), let handle = unsafe SSL_new(context)
        else { throw Failure(reason: "no memory") }
        unsafe self.context = context
        unsafe self.handle = handle
        _ = unsafe SSL_ctrl(handle, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(wishes.minimumVersion), nil)
        _ = unsafe SSL_ctrl(handle, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(wishes.maximumVersion), nil)
        if !wishes.protocols.isEmpty {
            _ = unsafe SSL_set_alpn_protos(handle, wishes.protocols, UInt32(wishes.protocols.count))
        }
        if let session = wishes.session { _ = unsafe SSL_set_session(handle, session.handle) }
        if let trusted = wishes.trusted {
            guard unsafe SSL_CTX_load_verify_locations(context, trusted, nil) == 1 else {
                throw Failure(reason: "no certificate in \(trusted)")
            }
            unsafe SSL_set_verify(handle, SSL_VERIFY_PEER, nil)
        }
        guard unsafe SSL_set_fd(handle, descriptor) == 1 else { throw Failure(reason: "no descriptor") }
        unsafe SSL_set_connect_state(handle)
    }

    deinit {
        // Without a goodbye OpenSSL would not resume the session, which is what tests want to do.
        unsafe SSL_set_shutdown(handle, SSL_SENT_SHUTDOWN)
        unsafe SSL_free(handle)
        unsafe SSL_CTX_free(context)
    }

    /// Shakes hands; whether that succeeded. Once more on an open TLS 1.2 connection after `renegotiate`.
    func handshake() -> Bool {
        ERR_clear_error()
        if unsafe SSL_do_handshake(handle) == 1 { return true }
        noteFailure()
        return false
    }

    /// Asks for another handshake on the same connection; whether it came about.
    func renegotiate() -> Bool {
        ERR_clear_error()
        guard unsafe SSL_renegotiate(handle) == 1 else {
            noteFailure()
            return false
        }
        guard handshake() else { return false }
        return unsafe SSL_renegotiate_pending(handle) == 0
    }

    func write(_ bytes: [UInt8]) -> Bool {
        if bytes.isEmpty { return true }
        ERR_clear_error()
        return unsafe SSL_write(handle, bytes, Int32(bytes.count)) == Int32(bytes.count)
    }

    /// The next bytes, or how the connection ended.
    func read() -> (bytes: [UInt8], end: RawConnection.End?) {
        var piece = [UInt8](repeating: 0, count: 16_384)
        ERR_clear_error()
        let count = unsafe SSL_read(handle, &piece, Int32(piece.count))
        if count > 0 { return (Array(piece[..<Int(count)]), nil) }
        let number = errno
        switch unsafe SSL_get_error(handle, count) {
        case SSL_ERROR_ZERO_RETURN: return ([], .closed)
        case SSL_ERROR_SYSCALL: return ([], number == 0 ? .cut : .reset)
        // The socket's receive timeout shows as a retry.
        case SSL_ERROR_WANT_READ: return ([], .timeout)
        default:
            noteFailure()
            return ([], failure.contains("unexpected eof") ? .cut : .reset)
        }
    }

    /// Tells the peer that nothing more will be sent.
    func sayGoodbye() { _ = unsafe SSL_shutdown(handle) }

    /// The session as of now. TLS 1.3 sends its ticket behind the handshake: read an answer first.
    func session() throws -> Session {
        guard let session = unsafe SSL_get1_session(handle) else { throw Failure(reason: "no session") }
        return unsafe Session(owning: session)
    }

    /// Whether the handshake took up an earlier session.
    var isResumed: Bool { unsafe SSL_session_reused(handle) == 1 }

    /// The version, such as `TLSv1.3`.
    var versionName: String { unsafe String(cString: SSL_get_version(handle)) }

    /// The application protocol that was chosen; empty if none was.
    var chosenProtocol: String {
        var bytes: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(handle, &bytes, &count)
        return unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }

    private func noteFailure() {
        let text = unsafe ERR_reason_error_string(ERR_peek_last_error())
        failure = unsafe text.map { unsafe String(cString: $0) } ?? "no reason"
        ERR_clear_error()
    }
}
