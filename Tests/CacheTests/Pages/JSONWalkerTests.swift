import HTTPModel
import Testing

@testable import Cache

struct JSONWalkerTests {
    /// Whether a value begins the text, and how far the walk came; the same with and without a look ahead.
    private static func walk(_ text: String) -> (isValue: Bool, end: Int) {
        let bytes = Array(text.utf8)
        var walker = JSONWalker()
        let isValue = walker.value(bytes.span)
        var ahead = JSONWalker(bytes.span)
        let isValueAhead = ahead.value(bytes.span)
        #expect(isValueAhead == isValue, "looked at ahead: \(text)")
        #expect(ahead.position == walker.position, "looked at ahead: \(text)")
        return (isValue, walker.position)
    }

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "12", "1.5", "-1e5", "1E+2", "1.25e-3", "\"\"", "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "\"a text of more than eight bytes, \\\" and more of it\"",
        "\"\u{e9}\u{1F600}\"", "[]", "{}", "[ ]", "{ }", "[1,2]", "[[],[[]]]", "{\"a\":1}",
        "{ \"a\" : [ 1 , { \"b\" : null } ] , \"c\" : \"d\" }", "[{},{\"a\":{}}]",
        "{\"a\":{\"b\":true,\"c\":\"d\"},\"e\":[\"f\",\"g\"],\"h\":true,\"i\":{\"j\":{\"k\":\"l\"},\"m\":null}}",
        "[{\"a\":\"b\"},\"c\",{\"d\":true ,\"e\": {\"f\":\"g\"} ,\"h\":[{\"i\":\"j\"}]}]",
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
        "{\"a\":{\"b\":\"c\"},\"d\"}      ",
        "[{\"a\":\"b\"],\"c\"]      ", "[\"a\":\"b\"]      ", "{\"a\",\"b\"}      ",
        "{\"a\":true\"b\":1}      ",
        "[[\"a\"},\"b\"]      ", "[\"a\",{\"b\":\"c\",\"d\"]      ", " \"a\"", "[\"a\" \"b\"]      ",
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
                let isPlain = byte >= 0x20 && byte != 0x22 && byte != 0x5C
                for var walker in [JSONWalker(), JSONWalker(text.span)] {
                    let range = walker.plainString(text.span)
                    #expect((range?.count == 20) == isPlain, "\(byte) at \(place)")
                }
            }
        }
    }

    @Test func aNameGoesOnlyWithItsColon() {
        let bytes = Array("\"name\":1,\"other\" :2".utf8)
        for var walker in [JSONWalker(), JSONWalker(bytes.span)] {
            let name = walker.plainName(bytes.span)
            let end = walker.position
            let isValue = walker.value(bytes.span)
            let isComma = walker.take(UInt8(ascii: ","), bytes.span)
            let other = walker.plainName(bytes.span)

            #expect(name == ByteRange(start: 1, count: 4))
            #expect(end == 7)
            #expect(isValue && isComma)
            #expect(other == nil)
        }
    }

    @Test(arguments: [59, 60, 61]) func nestingEndsAtItsBound(depth: Int) {
        let objects =
            String(repeating: "{\"a\":", count: depth) + "\"b\"" + String(repeating: "}", count: depth)
        let lists = String(repeating: "[", count: depth) + "\"b\"" + String(repeating: "]", count: depth)

        #expect(Self.walk(objects).isValue == (depth <= JSONWalker.maximumDepth))
        #expect(Self.walk(lists).isValue == (depth <= JSONWalker.maximumDepth))
    }

    @Test func aTextGivesWhatStandsBetweenItsQuotes() {
        let bytes = Array("\"a\\\"b\",".utf8)
        var walker = JSONWalker()

        let range = walker.string(bytes.span)

        #expect(range == ByteRange(start: 1, count: 4))
        #expect(walker.position == 6)
    }
}
