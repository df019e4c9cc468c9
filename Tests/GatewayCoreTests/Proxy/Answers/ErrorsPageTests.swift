import Foundation
import GatewayCore
import HTTPModel
import Testing

/// docs/errors.md lists what `Refusal` can say, and nothing else.
struct ErrorsPageTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../../docs/errors.md").standardizedFileURL

    private static let refusals: [Refusal] =
        MessageRefusal.allCases.map { .message($0) } + PathRefusal.allCases.map { .path($0) }
        + AccessRefusal.allCases.map { .access($0) } + failures.map { .upstream($0) }
        + [
            .query(.byteForbidden), .pageTooLarge(maximum: 1), .guessing(retryAfterSeconds: 1), .noRoute,
            .methodNotAllowed(allow: "GET"),
            .late,
            .limited(LimitFixture.exceeded("tenant"), retryAfterSeconds: 1),
            .overloaded(retryAfterSeconds: 1), .upstreamLimited(retryAfterSeconds: 1),
        ]

    private static let failures: [UpstreamFailure] =
        [
            .nameNotResolved, .connectRefused, .unreachable, .connectTimeout, .tlsCertificate, .tlsProtocol,
            .firstByteTimeout, .totalTimeout, .connectionClosed, .responseIncomplete, .headTooLarge,
            .upgradeNotAsked, .uploadAborted, .tooManyWaiting,
            .circuitOpen(retryAfterSeconds: 5), .library(0),
        ] + ResponseDefect.allCases.map { .responseInvalid($0) }

    @Test func thePageListsEveryStatusAndCodeAndNoOther() throws {
        let listed = Set(try Self.rows(below: "## Codes").map { "\($0[0]) \($0[1])" })

        let known = Set(Self.refusals.map { "\($0.status.rawValue) `\($0.code)`" })
        #expect(listed == known)
    }

    @Test func thePageListsEveryWordBesideItsCodeAndNoOther() throws {
        var listed: Set<String> = []
        for row in try Self.rows(below: "## Words") where row[0].hasPrefix("`") {
            for word in row[1].split(separator: ", ") { listed.insert("\(row[0]) \(word)") }
        }

        let known = Set(Self.refusals.map { "`\($0.code)` `\($0.word)`" })
        #expect(listed == known)
    }

    @Test func thePageTellsWhichRefusalsEndTheConnection() throws {
        for row in try Self.rows(below: "## Codes") {
            let answers = Set(
                Self.refusals.filter { row[1] == "`\($0.code)`" && row[0] == "\($0.status.rawValue)" }
                    .map(\.endsConnection))

            #expect(row[4].contains("closes") == answers.contains(true), "\(row[1])")
            #expect(row[4].contains("stays open") == answers.contains(false), "\(row[1])")
        }
    }

    /// The cells of the first table below a heading, without its two head rows.
    private static func rows(below heading: String) throws -> [[String]] {
        let text = try String(contentsOf: page, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.drop { !$0.hasPrefix(heading) }.drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
            .dropFirst(2).map { line in
                line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            }
    }
}
