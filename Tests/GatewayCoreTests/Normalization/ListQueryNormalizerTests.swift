import HTTPModel
import Testing

@testable import GatewayCore

struct ListQueryNormalizerTests {
    @Test(arguments: [("", 10), ("limit=10", 10), ("limit=007", 7), ("status=failed&limit=100", 100)])
    func theAnswerCarriesTheNumberOfItemsAskedFor(query: String, limit: Int) {
        var normalizer = ListQueryNormalizer()
        var output = ByteBuffer()

        let answer = normalizer.normalize(
            Array(query.utf8).span, model: KayleQueries.sessionsList, into: &output)

        #expect(answer == .canonical(limit: limit))
    }

    @Test(arguments: ["limit=5&status=nothing", "status=created&limit=0x5", "status=created&status=created"])
    func onlyACanonicalAnswerLeavesBytesBehind(query: String) {
        var normalizer = ListQueryNormalizer()
        var output = ByteBuffer()
        output.append("before")

        let answer = normalizer.normalize(
            Array(query.utf8).span, model: KayleQueries.sessionsList, into: &output)

        let isEmpty = output.isEmpty
        #expect(isEmpty, "\(answer)")
    }

    @Test func nothingOfOneQueryShowsInTheNext() throws {
        let other = try ListQueryModel(
            parameters: [
                QueryParameter("size", .integer(minimum: 1, maximum: 500, default: 50)),
                QueryParameter("q", .text(maximumBytes: 100)),
            ], pageSize: "size")
        var normalizer = ListQueryNormalizer()
        var output = ByteBuffer()

        _ = normalizer.normalize(
            Array("limit=%39&status=created&include%5Fattempts=1".utf8).span,
            model: KayleQueries.sessionsList, into: &output)
        let answer = normalizer.normalize(Array("q=a+b&limit=3".utf8).span, model: other, into: &output)

        let text = output.withBytes { $0.text }
        #expect(answer == .canonical(limit: 50))
        #expect(text == "q=a%20b")
    }

    @Test func aModelMayHaveAsManyParametersAsItHasBits() throws {
        let names = (0..<(ListQueryModel.maximumParameters - 1)).map { "p\($0)" }
        let model = try ListQueryModel(
            parameters: names.map { QueryParameter($0, .flag) }
                + [QueryParameter("limit", .integer(minimum: 1, maximum: 9, default: 5))], pageSize: "limit")
        let canonical = (names.map { "\($0)=true" } + ["limit=9"]).joined(separator: "&")
        let query = (["limit=09"] + names.reversed().map { "\($0)=1" }).joined(separator: "&")
        var normalizer = ListQueryNormalizer()
        var output = ByteBuffer()

        let answer = normalizer.normalize(Array(query.utf8).span, model: model, into: &output)

        let text = output.withBytes { $0.text }
        #expect(answer == .canonical(limit: 9))
        #expect(text == canonical)
    }

    @Test(arguments: [UInt8(0), 0x0A, 0x0D, 0x20, 0x7F, 0x80, 0xFF])
    func noByteThatCouldBreakARequestLineIsForwarded(byte: UInt8) {
        var normalizer = ListQueryNormalizer()
        var output = ByteBuffer()

        let inUnknownName = normalizer.normalize(
            (Array("limit=0x5&x".utf8) + [byte]).span, model: KayleQueries.sessionsList, into: &output)
        let inCursor = normalizer.normalize(
            (Array("starting_after=".utf8) + [byte]).span, model: KayleQueries.sessionsList, into: &output)

        #expect(inUnknownName == .refused(.byteForbidden))
        #expect(inCursor == .refused(.byteForbidden))
    }

    @Test func noMessageEchoesTheQuery() {
        var normalizer = ListQueryNormalizer()
        var output = ByteBuffer()

        let answer = normalizer.normalize(
            Array("status=%3Cscript%3E".utf8).span, model: KayleQueries.sessionsList, into: &output)

        guard case .refused(let refusal) = answer else {
            Issue.record("not refused: \(answer)")
            return
        }
        #expect(!refusal.message.contains("script"))
    }

    @Test func everyOpaqueReasonHasItsOwnSentence() {
        let sentences = Set(OpaqueReason.allCases.map { "\($0.sentence)" })

        #expect(sentences.count == OpaqueReason.allCases.count)
    }
}
