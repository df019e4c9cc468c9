import CCurl
import Glibc
import HTTPModel
import Testing

@testable import GatewayCore

struct UpstreamFailureTests {
    static let all: [UpstreamFailure] =
        [
            .nameNotResolved, .connectRefused, .unreachable, .connectTimeout, .tlsCertificate, .tlsProtocol,
            .firstByteTimeout, .totalTimeout, .connectionClosed, .responseIncomplete, .headTooLarge,
            .upgradeNotAsked, .uploadAborted, .tooManyWaiting, .library(1),
        ] + ResponseDefect.allCases.map { .responseInvalid($0) }

    @Test(arguments: all)
    func statusAndCodeAgree(failure: UpstreamFailure) {
        switch failure.status {
        case .badGateway:
            #expect(["UPSTREAM_UNREACHABLE", "UPSTREAM_INVALID_RESPONSE"].contains("\(failure.code)"))
        case .gatewayTimeout: #expect("\(failure.code)" == "UPSTREAM_TIMEOUT")
        default:
            #expect(failure.status == .serviceUnavailable)
            #expect("\(failure.code)" == "OVERLOADED")
        }
    }

    @Test(arguments: all)
    func theProxyStatusErrorIsATokenAndTheSentenceASentence(failure: UpstreamFailure) {
        #expect("\(failure.proxyError)".allSatisfy { $0.isLowercase || $0 == "_" })
        #expect("\(failure.sentence)".hasSuffix("."))
    }

    @Test(arguments: [
        (CURLE_COULDNT_RESOLVE_HOST, Int32(0), UpstreamFailure.nameNotResolved),
        (CURLE_COULDNT_CONNECT, ECONNREFUSED, .connectRefused),
        (CURLE_COULDNT_CONNECT, EHOSTUNREACH, .unreachable),
        (CURLE_OPERATION_TIMEDOUT, 0, .connectTimeout),
        (CURLE_PEER_FAILED_VERIFICATION, 0, .tlsCertificate),
        (CURLE_SSL_CONNECT_ERROR, 0, .tlsProtocol),
        (CURLE_GOT_NOTHING, 0, .connectionClosed),
        (CURLE_SEND_ERROR, EPIPE, .connectionClosed),
        (CURLE_BAD_FUNCTION_ARGUMENT, 0, .library(43)),
    ])
    func libcurlsResultsAreTranslated(code: CURLcode, systemError: Int32, expected: UpstreamFailure) {
        #expect(CurlResult(code, systemError: systemError).failure(isAnswerBegun: false) == expected)
    }

    @Test func aBreakAfterTheHeadIsAnIncompleteAnswer() {
        #expect(CurlResult(CURLE_RECV_ERROR).failure(isAnswerBegun: true) == .responseIncomplete)
    }
}
