import CGatewayShims
import COpenSSL

/// Why TLS could not be set up, in words an operator can act on.
package enum TLSFailure: Error, Sendable, CustomStringConvertible {
    /// The certificate chain cannot be used.
    case certificate(path: String, reason: String)
    /// The private key cannot be used, or is not the certificate's.
    case privateKey(path: String, reason: String)
    /// OpenSSL refused something we always ask for.
    case library(String)

    /// The failure as a sentence.
    package var description: String {
        switch self {
        case .certificate(let path, let reason):
            "\(path): no usable certificate chain (PEM, server certificate first): \(reason)"
        case .privateKey(let path, let reason):
            "\(path): no usable private key (PEM, belonging to the certificate): \(reason)"
        case .library(let reason): "OpenSSL: \(reason)"
        }
    }

    /// Takes the newest reason from this thread's error queue and empties it: a stale entry would turn the
    /// next "would block" on another connection into an error.
    static func drainReason() -> String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0, let text = unsafe ERR_reason_error_string(code) else { return "unknown reason" }
        return unsafe String(cString: text)
    }
}
