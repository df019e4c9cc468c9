import CCurl
import Glibc

/// How libcurl says the making of a connection ended.
struct CurlResult {
    private let code: CURLcode
    /// errno of the last failed connection attempt, 0 if there is none.
    private let systemError: Int32

    /// A result from libcurl's code.
    init(_ code: CURLcode, systemError: Int32 = 0) {
        self.code = code
        self.systemError = systemError
    }

    /// Whether libcurl saw nothing wrong.
    var isOK: Bool { code == CURLE_OK }

    /// What it means that no connection was made.
    var failure: UpstreamFailure {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: .nameNotResolved
        case CURLE_COULDNT_CONNECT: systemError == ECONNREFUSED ? .connectRefused : .unreachable
        // No other limit of libcurl's is set than the one for connecting.
        case CURLE_OPERATION_TIMEDOUT: .connectTimeout
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR: .tlsCertificate
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_INITFAILED: .tlsProtocol
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR: .connectionClosed
        default: .library(Int32(code.rawValue))
        }
    }
}
