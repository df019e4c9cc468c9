import Foundation
import HTTPModel
import Testing

@testable import GatewayCore

/// The table of refusals: every one has a status and a code of docs/errors.md, and a word for the log.
struct RefusalTests {
    /// Every refusal there is, one value of each.
    static let all: [Refusal] =
        MessageRefusal.allCases.map(Refusal.message) + PathRefusal.allCases.map(Refusal.path)
        + queries.map(Refusal.query) + AccessRefusal.allCases.map(Refusal.access)
        + failures.map(Refusal.upstream) + [
            .noRoute, .methodNotAllowed(allow: "GET, HEAD"), .late, .pageTooLarge(maximum: 20),
            .guessing(retryAfterSeconds: 2),
            .limited(LimitFixture.exceeded("tenant"), retryAfterSeconds: 3),
            .overloaded(retryAfterSeconds: 7), .upstreamLimited(retryAfterSeconds: 4),
        ]

    private static let queries: [QueryRefusal] = [
        .outsideModel(parameter: "limit", rule: "must be \"1\" to 100"), .repeated(parameter: "limit"),
        .tooManyParameters(maximum: 64), .byteForbidden,
    ]

    private static let failures: [UpstreamFailure] =
        [
            .nameNotResolved, .connectRefused, .unreachable, .connectTimeout, .tlsCertificate, .tlsProtocol,
            .firstByteTimeout, .totalTimeout, .connectionClosed, .responseIncomplete, .headTooLarge,
            .upgradeNotAsked, .uploadAborted, .tooManyWaiting,
            .circuitOpen(retryAfterSeconds: 5), .library(7),
        ] + ResponseDefect.allCases.map(UpstreamFailure.responseInvalid)

    /// The pairs that interface.md §3 promises.
    private static let promised: [UInt16: Set<String>] = [
        400: ["BAD_REQUEST", "INVALID_QUERY"], 401: ["UNAUTHORIZED"], 403: ["FORBIDDEN"], 404: ["NOT_FOUND"],
        405: ["METHOD_NOT_ALLOWED"], 408: ["REQUEST_TIMEOUT"], 413: ["CONTENT_TOO_LARGE"],
        414: ["URI_TOO_LONG"], 429: ["RATE_LIMITED"], 431: ["HEADERS_TOO_LARGE"], 501: ["NOT_IMPLEMENTED"],
        502: ["UPSTREAM_UNREACHABLE", "UPSTREAM_INVALID_RESPONSE"],
        503: ["OVERLOADED", "UPSTREAM_UNAVAILABLE"], 504: ["UPSTREAM_TIMEOUT"],
        505: ["HTTP_VERSION_NOT_SUPPORTED"],
    ]

    @Test(arguments: all)
    func statusAndCodeAreOneOfThePromisedPairs(refusal: Refusal) {
        #expect(Self.promised[refusal.status.rawValue]?.contains("\(refusal.code)") == true)
    }

    @Test(arguments: all)
    func theWordIsLowerCaseWithUnderscores(refusal: Refusal) {
        #expect(refusal.word.wholeMatch(of: /[a-z][a-z0-9]*(_[a-z0-9]+)*/) != nil, "\(refusal.word)")
    }

    @Test(arguments: all)
    func theClientIsToldWhatIsWrongAndWhatToDo(refusal: Refusal) {
        let message =
            switch refusal.message {
            case .fixed(let text): "\(text)"
            case .composed(let text): text
            case .limit(let name, let seconds): "limit \(name), \(seconds) s"
            }

        #expect(message.count > 10)
        #expect("\(refusal.hint)".hasSuffix("."))
    }

    @Test func everyTokenThatIsNotGoodHasOneAndTheSameAnswer() {
        let answers = AccessRefusal.allCases.filter { $0.answer == .unauthorized }.map { reason in
            let refusal = Refusal.access(reason)
            return "\(refusal.status) \(refusal.code) \(refusal.message) \(refusal.hint)"
        }

        #expect(answers.count == 8)
        #expect(Set(answers).count == 1)
        #expect(Set(AccessRefusal.allCases.map { "\($0.word)" }).count == AccessRefusal.allCases.count)
    }

    @Test func onlyDoubtAboutFramingEndsTheConnection() {
        for refusal in Self.all {
            switch refusal {
            case .message, .late: #expect(refusal.endsConnection)
            case .path, .query, .access, .guessing, .pageTooLarge, .noRoute, .methodNotAllowed, .limited,
                .upstreamLimited, .upstream,
                .overloaded:
                #expect(!refusal.endsConnection)
            }
        }
    }

    @Test func waitingIsAdvisedWhereItHelps() {
        #expect(Refusal.limited(LimitFixture.exceeded("tenant"), retryAfterSeconds: 3).retryAfterSeconds == 3)
        #expect(Refusal.overloaded(retryAfterSeconds: 7).retryAfterSeconds == 7)
        for refusal in Self.all where refusal.status != .tooManyRequests {
            #expect((refusal.retryAfterSeconds != nil) == (refusal.status == .serviceUnavailable))
        }
    }
}
