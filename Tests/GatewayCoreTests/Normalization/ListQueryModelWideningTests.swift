import HTTPModel
import Testing

@testable import GatewayCore

/// The canonical target of a larger page.
struct ListQueryModelWideningTests {
    private let model = KayleQueries.sessionsList

    private func canonical(_ query: String) throws -> String {
        var normalizer = ListQueryNormalizer()
        var output = ByteBuffer()
        guard case .canonical = normalizer.normalize(Array(query.utf8).span, model: model, into: &output)
        else {
            Issue.record("\(query) is not canonical")
            return ""
        }
        let text = output.withBytes { $0.text }
        return "/v1/sessions" + (text.isEmpty ? "" : "?\(text)")
    }

    private func widened(_ target: String, rows: Int) -> String {
        String(
            decoding: model.widened(Array(target.utf8).span, rows: rows), as: UTF8.self)
    }

    private static let cursor = "starting_after=vs_" + String(repeating: "a", count: 64)

    @Test(arguments: [
        "", "status=created", "created_from=2026-11-23T12:00:00Z", cursor, "include_attempts=true",
        "\(cursor)&include_attempts=true", "status=expired&\(cursor)",
        "created_to=2026-11-23T12:00:00.5Z&status=created&include_attempts=1&\(cursor)",
    ])
    func itIsWhatTheLargerQuestionIsSpeltLike(query: String) throws {
        for limit in ["", "&limit=5", "&limit=10", "&limit=99"] {
            for rows in [10, 20, 100] {
                let wide = widened(try canonical(query + limit), rows: rows)
                #expect(try wide == canonical(query + "&limit=\(rows)"), "\(query)\(limit)")
            }
        }
    }
}
