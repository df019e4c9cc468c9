import HTTPModel
import Testing

@testable import GatewayCore

struct QueryRuleTests {
    struct Row: CustomTestStringConvertible {
        let kind: QueryParameterKind
        let value: String
        let reading: QueryReading
        var written = ""
        var testDescription: String { "\(kind) reads \(value)" }
    }

    private static let digits = QueryParameterKind.cursor(
        CursorShape(prefixes: ["", "x-"], alphabet: "0123456789", length: 2))

    @Test(arguments: [
        Row(kind: .integer(minimum: 0, maximum: 9, default: nil), value: "0", reading: .integer(0)),
        Row(kind: .integer(minimum: 0, maximum: 9, default: nil), value: "009", reading: .integer(9)),
        Row(kind: .integer(minimum: 0, maximum: 9, default: nil), value: "10", reading: .refused),
        Row(
            kind: .integer(minimum: 0, maximum: 9, default: nil), value: "", reading: .opaque(.numberSpelling)
        ),
        Row(
            kind: .integer(minimum: 0, maximum: 9, default: nil), value: "-0",
            reading: .opaque(.numberSpelling)),
        Row(
            kind: .integer(minimum: 1, maximum: 9_007_199_254_740_991, default: nil),
            value: "9007199254740991", reading: .integer(9_007_199_254_740_991)),
        Row(
            kind: .integer(minimum: 1, maximum: 9_007_199_254_740_991, default: nil),
            value: "9007199254740992", reading: .refused),
        Row(kind: .choice(["a", "b"]), value: "b", reading: .written, written: "b"),
        Row(kind: .choice(["a", "b"]), value: "ab", reading: .refused),
        Row(
            kind: .instant, value: "2026-01-01T00:00Z", reading: .written, written: "2026-01-01T00:00:00.000Z"
        ),
        Row(kind: .instant, value: "", reading: .refused),
        Row(kind: .flag, value: "1", reading: .written, written: "true"),
        Row(kind: .flag, value: "false", reading: .absent),
        Row(kind: .flag, value: "2", reading: .refused),
        Row(kind: digits, value: "", reading: .absent),
        Row(kind: digits, value: "42", reading: .written, written: "42"),
        Row(kind: digits, value: "x-42", reading: .written, written: "x-42"),
        Row(kind: digits, value: "x-421", reading: .opaque(.cursorShape)),
        Row(kind: digits, value: "4\u{0}", reading: .refused),
        Row(kind: digits, value: "4\u{7F}", reading: .refused),
        Row(kind: .text(maximumBytes: 8), value: "", reading: .written),
        Row(kind: .text(maximumBytes: 8), value: "a b+~&", reading: .written, written: "a%20b%2B~%26"),
        Row(kind: .text(maximumBytes: 8), value: ":\"/", reading: .written, written: "%3A%22%2F"),
        Row(kind: .text(maximumBytes: 8), value: "é", reading: .written, written: "%C3%A9"),
        Row(kind: .text(maximumBytes: 8), value: "%FF", reading: .written, written: "%25FF"),
        Row(kind: .text(maximumBytes: 8), value: "123456789", reading: .refused),
        Row(kind: .text(maximumBytes: 8), value: "a\nb", reading: .refused),
    ])
    func eachKindReadsItsValues(row: Row) throws {
        var vocabulary = QueryVocabulary()
        let rule = try QueryRule(QueryParameter("p", row.kind), words: &vocabulary)
        var output = ByteBuffer()

        let reading = rule.read(Array(row.value.utf8).span, vocabulary: vocabulary, into: &output)

        let written = output.withBytes { $0.text }
        #expect(reading == row.reading)
        #expect(written == row.written)
    }

    @Test func onlyTheDeclaredDefaultIsADefault() {
        #expect(QueryRule.integer(minimum: 1, maximum: 9, default: 5).isDefault(5))
        #expect(!QueryRule.integer(minimum: 1, maximum: 9, default: 5).isDefault(6))
        #expect(!QueryRule.integer(minimum: 0, maximum: 9, default: nil).isDefault(0))
        #expect(!QueryRule.flag.isDefault(0))
    }
}
