import HTTPModel
import Testing

@testable import Cache

struct JSONWalkerTests {
    /// Whether the whole text is one value, and how far the walk came.
    private static func walk(_ text: String) -> (isValue: Bool, end: Int) {
        let bytes = Array(text.utf8)
        var walker = JSONWalker()
        let isValue = walker.value(bytes.span)
        return (isValue, walker.position)
    }

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "12", "1.5", "-1e5", "1E+2", "1.25e-3", "\"\"", "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "\"a text of more than eight bytes, \\\" and more of it\"",
        "\"\u{e9}\u{1F600}\"", "[]", "{}", "[ ]", "{ }", "[1,2]", "[[],[[]]]", "{\"a\":1}",
        "{ \"a\" : [ 1 , { \"b\" : null } ] , \"c\" : \"d\" }", "[{},{\"a\":{}}]",
    ])
    func aValueIsWalkedOverWhole(text: String) {
        let walk = Self.walk(text)

        #expect(walk.isValue)
        #expect(walk.end == text.utf8.count)
    }

    @Test(arguments: [
        "", " ", "nul", "nulL", "tru", "fals", "-", "+1", ".5", "1.", "1e", "1e+", "\"", "\"a", "\"\\",
        "\"\\u12\"", "\"\\u12g4\"", "\"\\a\"", "\"\n\"", "\"seven7\u{1F}\"", "[", "]", "[1", "[1,", "[1,]",
        "[,1]", "[1 2]", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}",
        "{\"a\" 1}", "{1:2}", "[}", "{]", "[1}", "{\"a\":1]", "\u{FEFF}1",
    ])
    func whatIsNoValueIsRefused(text: String) {
        #expect(!Self.walk(text).isValue)
    }

    @Test func aZeroEndsItsNumber() {
        let walk = Self.walk("01")

        #expect(walk.isValue)
        #expect(walk.end == 1)
    }

    @Test func everyControlCharacterIsFoundAtEveryPlace() {
        for place in 0..<20 {
            for byte in UInt8(0)...0xFF where byte < 0x80 {
                var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 20)
                bytes[place] = byte
                let text = [0x22] + bytes + [0x22]
                var walker = JSONWalker()
                let range = walker.plainString(text.span)
                let isPlain = byte >= 0x20 && byte != 0x22 && byte != 0x5C
                #expect((range?.count == 20) == isPlain, "\(byte) at \(place)")
            }
        }
    }

    @Test func aTextGivesWhatStandsBetweenItsQuotes() {
        let bytes = Array("\"a\\\"b\",".utf8)
        var walker = JSONWalker()

        let range = walker.string(bytes.span)

        #expect(range == ByteRange(start: 1, count: 4))
        #expect(walker.position == 6)
    }
}
