import Foundation
import HTTPModel
import Testing

@testable import GatewayCore

struct ErrorEnvelopeTests {
    private struct Envelope: Decodable {
        struct Error: Decodable {
            let code, message, hint, docs: String
        }
        struct Pagination: Decodable, Equatable {
            let limit: Int
            let hasMore: Bool
            let nextCursor: String?
        }
        let data: Bool?
        let error: Error
        let pagination: Pagination?
    }

    private func text(
        _ message: ErrorEnvelope.Message, hint: StaticString = "h", pageSize: Int? = nil
    ) -> String {
        var body = ByteBuffer()
        ErrorEnvelope.render(code: "CODE", message: message, hint: hint, pageSize: pageSize, into: &body)
        return body.withBytes { $0.text }
    }

    private func read(_ text: String) throws -> Envelope {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Envelope.self, from: Data(text.utf8))
    }

    @Test func theEnvelopeIsTheUpstreams() {
        #expect(
            text(.fixed("m"), pageSize: 10)
                == #"{"data":null,"error":{"code":"CODE","message":"m","hint":"h","docs":"https://docs.kayle.id"},"#
                + #""pagination":{"limit":10,"has_more":false,"next_cursor":null}}"#)
    }

    @Test func onlyListRoutesHavePagination() throws {
        #expect(try read(text(.fixed("m"))).pagination == nil)
        #expect(try read(text(.fixed("m"), pageSize: 100)).pagination?.limit == 100)
        #expect(try read(text(.fixed("m"), pageSize: -1)).pagination?.limit == 0)
    }

    @Test(arguments: RefusalTests.all)
    func everyRefusalIsJSONThatSaysWhatItsTableSays(refusal: Refusal) throws {
        let message =
            switch refusal.message {
            case .fixed(let text): "\(text)"
            case .composed(let text): text
            case .limit(let limits, let seconds):
                "The limit \"\(limits.names.last ?? "")\" is exceeded; try again in \(seconds) s."
            }

        let envelope = try read(text(refusal.message, hint: refusal.hint))

        #expect(envelope.error.message == message)
        #expect(envelope.error.hint == "\(refusal.hint)")
        #expect(envelope.data == nil)
    }

    /// All bytes below 128, quotes, backslash and control characters among them, and text beyond.
    @Test func everyCharacterComesBackAsItWas() throws {
        let all = String(decoding: (0..<128).map { UInt8($0) }, as: UTF8.self) + "é€😀\u{2028}"

        #expect(try read(text(.composed(all))).error.message == all)
    }
}
