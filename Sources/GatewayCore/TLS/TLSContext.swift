import CGatewayShims
import COpenSSL
import HTTPModel

/// What all TLS sessions of one listener on one worker share: certificate, versions, ciphers, ticket keys.
///
/// One per worker, so that no two threads touch the same SSL_CTX: its reference counts and locks are what
/// OpenSSL 3.0 spends its time on under contention. Boundary file for SSL_CTX.
@safe
package final class TLSContext {
    /// The SSL_CTX, freed with this object; sessions hold a reference of their own.
    let handle: OpaquePointer

    /// TLS 1.2 suites: forward secrecy and authenticated encryption only. TLS 1.3 has no others.
    private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"
    private static let groups = "X25519:P-256:P-384"
    /// Number of key bytes that OpenSSL wants for session tickets: name, HMAC key, AES key.
    package static let ticketKeyBytes = 80

    /// Makes a context from PEM files. `ticketKeys` are the same for all workers, so that a session begun on
    /// one resumes on another.
    package init(certificateChain: String, privateKey: String, ticketKeys: Secret) throws(TLSFailure) {
        ERR_clear_error()
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else {
            throw .library(TLSFailure.drainReason())
        }
        unsafe handle = context
        try configure(ticketKeys: ticketKeys)
        guard unsafe SSL_CTX_use_certificate_chain_file(context, certificateChain) == 1 else {
            throw .certificate(path: certificateChain, reason: TLSFailure.drainReason())
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(context, privateKey, SSL_FILETYPE_PEM) == 1,
            unsafe SSL_CTX_check_private_key(context) == 1
        else { throw .privateKey(path: privateKey, reason: TLSFailure.drainReason()) }
    }

    deinit { unsafe SSL_CTX_free(handle) }

    /// When the certificate expires, in seconds since 1970; `nil` for a date that is none.
    package var expiresAtUnixSeconds: Int64? {
        guard let certificate = unsafe SSL_CTX_get0_certificate(handle) else { return nil }
        let expiry = Int64(unsafe gw_certificate_expiry(certificate))
        return expiry < 0 ? nil : expiry
    }

    private func configure(ticketKeys: Secret) throws(TLSFailure) {
        let options =
            gw_ssl_op_no_compression() | gw_ssl_op_no_renegotiation() | gw_ssl_op_server_preference()
        _ = unsafe SSL_CTX_set_options(handle, options)
        // Released buffers are what makes an idle connection cheap. A moving write buffer is needed because
        // the plaintext lies in the worker's scratch, which is another place at each call.
        _ = unsafe gw_ssl_ctx_set_mode(
            handle,
            Int(
                SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
            ))
        // Sessions live in tickets at the client; a cache in this process would serve one worker only.
        _ = unsafe gw_ssl_ctx_session_cache_off(handle)
        // One ticket per handshake: API clients keep one connection, not six like browsers.
        let keysSet = ticketKeys.withBytes { keys in
            precondition(keys.count == Self.ticketKeyBytes, "\(keys.count) ticket key bytes")
            // OpenSSL copies the keys out of the pointer, which it takes as mutable by its macro's shape
            // only.
            return unsafe keys.withUnsafeBytes {
                unsafe gw_ssl_ctx_set_ticket_keys(
                    handle, UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
            }
        }
        guard unsafe gw_ssl_ctx_set_min_tls12(handle) == 1, unsafe gw_ssl_ctx_set_max_tls13(handle) == 1,
            unsafe SSL_CTX_set_cipher_list(handle, Self.ciphers) == 1,
            unsafe gw_ssl_ctx_set_groups(handle, Self.groups) == 1,
            unsafe SSL_CTX_set_num_tickets(handle, 1) == 1, keysSet == 1
        else { throw .library(TLSFailure.drainReason()) }
        unsafe SSL_CTX_set_alpn_select_cb(handle, selectProtocol, nil)
    }
}

/// Chooses the application protocol (RFC 7301): `http/1.1`, or no handshake. A client that offers protocols
/// but not ours would talk past us; one that offers none speaks HTTP/1.1 by default and never comes here.
private let selectProtocol:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
        UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, selected, selectedCount, offered, offeredCount, _ in
        // OpenSSL gives `offeredCount` bytes of a list it has checked: length byte, name, length byte, name …
        let list = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
        let bytes = unsafe Span(_unsafeElements: list)
        var start = 0
        while start < bytes.count {
            let end = start + 1 + Int(bytes[start])
            guard end <= bytes.count else { break }
            if bytes.extracting((start + 1)..<end).equals("http/1.1"), let offered = unsafe offered {
                // OpenSSL copies the name before the list goes.
                unsafe selected?.pointee = offered + start + 1
                unsafe selectedCount?.pointee = UInt8(end - start - 1)
                return SSL_TLSEXT_ERR_OK
            }
            start = end
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }
