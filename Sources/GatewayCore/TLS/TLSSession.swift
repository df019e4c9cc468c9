import CGatewayShims
import COpenSSL

/// The protocol of a connection that has TLS; a context allows no other.
package enum TLSVersion: Sendable, Hashable {
    case tls12, tls13

    /// The version as people write it.
    package var number: StaticString {
        switch self {
        case .tls12: "1.2"
        case .tls13: "1.3"
        }
    }
}

/// TLS on one connection, reading and writing through the worker's pipe.
///
/// Boundary file for SSL. Three words come back from the library: progress, more input needed, failed. The
/// error queue, which is per thread and not per connection, is empty before every call whose failure is
/// classified: emptying it always would cost 400 instructions, a look costs 60.
@safe
package struct TLSSession: ~Copyable {
    private let handle: OpaquePointer

    /// How far a handshake has come.
    package enum HandshakeProgress: Sendable { case complete, needsInput, failed }

    /// What came out of the received ciphertext.
    package enum DecryptionProgress: Sendable {
        /// Plaintext was appended; there may be more.
        case moved(Int)
        /// The ciphertext is used up.
        case needsInput
        /// The peer said that it sends no more.
        case ended
        /// The bytes are not ours to understand; the connection is over.
        case failed
    }

    /// Makes the server side of a new connection; `nil` without memory.
    package init?(context: TLSContext, pipe: TLSPipe) {
        guard let handle = unsafe SSL_new(context.handle) else { return nil }
        guard let bio = unsafe gw_pipe_bio(pipe.handle) else {
            unsafe SSL_free(handle)
            return nil
        }
        // One BIO serves both directions; SSL takes over its only reference.
        unsafe SSL_set_bio(handle, bio, bio)
        unsafe SSL_set_accept_state(handle)
        unsafe self.handle = handle
    }

    deinit { unsafe SSL_free(handle) }

    /// Goes on with the handshake on what the pipe has received.
    package mutating func advanceHandshake() -> HandshakeProgress {
        Self.forgetOlderErrors()
        let result = unsafe SSL_do_handshake(handle)
        if result == 1 { return .complete }
        let reason = unsafe SSL_get_error(handle, result)
        if reason == SSL_ERROR_WANT_READ { return .needsInput }
        ERR_clear_error()
        return .failed
    }

    /// Decrypts at most `maximum` bytes from the pipe to the end of `buffer`.
    package mutating func decrypt(into buffer: inout ByteBuffer, maximum: Int) -> DecryptionProgress {
        Self.forgetOlderErrors()
        var result: Int32 = 0
        unsafe buffer.fill(minimum: maximum) { room in
            result = unsafe SSL_read(handle, room.baseAddress, Int32(clamping: maximum))
            return max(Int(result), 0)
        }
        if result > 0 { return .moved(Int(result)) }
        let reason = unsafe SSL_get_error(handle, result)
        switch reason {
        case SSL_ERROR_WANT_READ: return .needsInput
        case SSL_ERROR_ZERO_RETURN: return .ended
        default:
            ERR_clear_error()
            return .failed
        }
    }

    /// Whether another `decrypt` could give bytes without new input.
    package var hasPending: Bool { unsafe SSL_has_pending(handle) == 1 }

    /// Encrypts all of `buffer` into the pipe and consumes it; false when the session has failed.
    ///
    /// A call takes one record (16 KiB) at most. The pipe's limit is above what a turn may produce, so that
    /// "would block" cannot happen.
    package mutating func encrypt(_ buffer: inout ByteBuffer) -> Bool {
        while !buffer.isEmpty {
            Self.forgetOlderErrors()
            let written = unsafe buffer.withUnsafeBytes { bytes in
                unsafe SSL_write(handle, bytes.baseAddress, Int32(clamping: bytes.count))
            }
            guard written > 0 else {
                ERR_clear_error()
                return false
            }
            buffer.consume(Int(written))
        }
        return true
    }

    /// Puts the closing alert into the pipe, so that the peer can tell an end from a cut.
    package mutating func sayGoodbye() {
        _ = unsafe SSL_shutdown(handle)
        ERR_clear_error()
    }

    /// An error of another connection, or of libcurl on this thread, would turn "more input needed" into
    /// "failed".
    private static func forgetOlderErrors() {
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    /// The protocol version; settled once the handshake is complete.
    package var version: TLSVersion { unsafe SSL_version(handle) == TLS1_3_VERSION ? .tls13 : .tls12 }

    /// Whether the handshake took up an earlier session.
    package var isResumed: Bool { unsafe SSL_session_reused(handle) == 1 }
}
