import HTTPModel
import Testing

@testable import GatewayCore

struct FormDecodingTests {
    struct Row: CustomTestStringConvertible {
        let encoded: String
        let decoded: String
        var testDescription: String { encoded }
    }

    @Test(arguments: [
        Row(encoded: "", decoded: ""),
        Row(encoded: "plain", decoded: "plain"),
        Row(encoded: "a+b%20c%2Bd", decoded: "a b c+d"),
        Row(encoded: "%2541", decoded: "%41"),
        Row(encoded: "%E2%82%AC", decoded: "€"),
        Row(encoded: "%", decoded: "%"),
        Row(encoded: "%4", decoded: "%4"),
        Row(encoded: "%zz", decoded: "%zz"),
        Row(encoded: "%%41", decoded: "%A"),
        Row(encoded: "%4%41", decoded: "%4A"),
        Row(encoded: "%FF", decoded: "%FF"),
        Row(encoded: "%ff+x", decoded: "%ff x"),
    ])
    func textIsDecodedOnceAsTheUpstreamDecodesIt(row: Row) {
        #expect(Self.decode(row.encoded) == row.decoded)
    }

    @Test(arguments: [
        Row(encoded: "%41%FF", decoded: "%41%FF"),
        Row(encoded: "%41x%FF", decoded: "Ax%FF"),
        Row(encoded: "%E2%82x%AC", decoded: "%E2%82x%AC"),
        Row(encoded: "%C0%AE", decoded: "%C0%AE"),
        Row(encoded: "%ED%A0%80", decoded: "%ED%A0%80"),
        Row(encoded: "%F4%90%80%80", decoded: "%F4%90%80%80"),
        Row(encoded: "%E2%82%AC%00%FF", decoded: "%E2%82%AC%00%FF"),
    ])
    func aRunThatIsNotUTF8StaysLiteralAsAWhole(row: Row) {
        #expect(Self.decode(row.encoded) == row.decoded)
    }

    @Test func whatWasDecodedBeforeIsForgotten() {
        var decoded = Array("before".utf8)

        FormDecoding.decode(Array("a".utf8).span, into: &decoded)

        #expect(decoded == [UInt8(ascii: "a")])
    }

    private static func decode(_ text: String) -> String {
        var decoded: [UInt8] = []
        FormDecoding.decode(Array(text.utf8).span, into: &decoded)
        return String(decoding: decoded, as: UTF8.self)
    }
}
