import CCurl
import Glibc
import Testing

@testable import GatewayCore

struct CurlResultTests {
    @Test(arguments: [
        (CURLE_COULDNT_RESOLVE_HOST, Int32(0), UpstreamFailure.nameNotResolved),
        (CURLE_COULDNT_CONNECT, ECONNREFUSED, .connectRefused),
        (CURLE_COULDNT_CONNECT, EHOSTUNREACH, .unreachable),
        (CURLE_OPERATION_TIMEDOUT, 0, .connectTimeout),
        (CURLE_PEER_FAILED_VERIFICATION, 0, .tlsCertificate),
        (CURLE_SSL_CONNECT_ERROR, 0, .tlsProtocol),
        (CURLE_RECV_ERROR, ECONNRESET, .connectionClosed),
        (CURLE_SEND_ERROR, EPIPE, .connectionClosed),
        (CURLE_BAD_FUNCTION_ARGUMENT, 0, .library(43)),
    ])
    func libcurlsResultsAreTranslated(code: CURLcode, systemError: Int32, expected: UpstreamFailure) {
        #expect(CurlResult(code, systemError: systemError).failure == expected)
    }
}
