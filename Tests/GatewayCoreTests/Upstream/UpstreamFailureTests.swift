import HTTPModel
import Testing

@testable import GatewayCore

struct UpstreamFailureTests {
    static let all: [UpstreamFailure] =
        [
            .nameNotResolved, .connectRefused, .unreachable, .connectTimeout, .tlsCertificate, .tlsProtocol,
            .firstByteTimeout, .totalTimeout, .connectionClosed, .responseIncomplete, .headTooLarge,
            .upgradeNotAsked, .uploadAborted, .tooManyWaiting,
            .circuitOpen(retryAfterSeconds: 5), .library(1),
        ] + ResponseDefect.allCases.map { .responseInvalid($0) }

    @Test(arguments: all)
    func statusAndCodeAgree(failure: UpstreamFailure) {
        switch failure.status {
        case .badGateway:
            #expect(["UPSTREAM_UNREACHABLE", "UPSTREAM_INVALID_RESPONSE"].contains("\(failure.code)"))
        case .gatewayTimeout: #expect("\(failure.code)" == "UPSTREAM_TIMEOUT")
        default:
            #expect(failure.status == .serviceUnavailable)
            #expect(["OVERLOADED", "UPSTREAM_UNAVAILABLE"].contains("\(failure.code)"))
            #expect(failure.retryAfterSeconds != nil)
        }
    }

    @Test(arguments: all)
    func theProxyStatusErrorIsATokenAndTheSentenceASentence(failure: UpstreamFailure) {
        #expect("\(failure.proxyError)".allSatisfy { $0.isLowercase || $0 == "_" })
        #expect("\(failure.sentence)".hasSuffix("."))
    }
}
