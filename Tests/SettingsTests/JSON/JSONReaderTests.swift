import Settings
import Testing

/// What the strict reader takes and what it says about everything else.
struct JSONReaderTests {
    @Test(arguments: [
        ("null", JSONContent.null),
        (" \t\r\n true ", .boolean(true)),
        ("false", .boolean(false)),
        ("[]", .array([])),
        ("{ }", .object([])),
        ("[1, [2], {\"a\":3}]", .array([.integer(1), .array([.integer(2)]), .object(["a": .integer(3)])])),
        ("\"\"", .string("")),
        ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", .string("\"\\/\u{8}\u{C}\n\r\t")),
        ("\"\\u00e9\\u20AC\\uD83D\\uDE00\\u0000\"", .string("é€😀\0")),
        ("\"é€😀\"", .string("é€😀")),
    ])
    func documentIsRead(text: String, content: JSONContent) throws {
        let document = try JSONDocument(Array(text.utf8))

        #expect(document.root.content == content)
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("42", 42), ("-17", -17), ("9223372036854775807", Int64.max),
        ("9223372036854775808", nil), ("1.0", nil), ("1e3", nil), ("-1.5E-10", nil), ("0.5", nil),
        ("1E+2", nil),
    ])
    func numberKeepsItsSpellingAndGivesAnIntegerOnlyIfWrittenAsOne(text: String, integer: Int64?) throws {
        let document = try JSONDocument(Array(text.utf8))

        guard case .number(let number) = document.root.content else {
            Issue.record("\(text) is not read as a number")
            return
        }
        #expect(number.text == text)
        #expect(number.integer == integer)
    }

    @Test(arguments: [
        ("", "line 1:1: expected a value, found the end of the text"),
        ("  \n ", "line 2:2: expected a value, found the end of the text"),
        ("1 2", "line 1:3: expected the end of the text, found '2'"),
        ("nul", "line 1:1: expected a value, found 'n'"),
        ("truex", "line 1:5: expected ',' or the end of what surrounds it, found 'x'"),
        ("nan", "line 1:1: expected a value, found 'n'"),
        ("'a'", "line 1:1: expected a value, found '''"),
        ("// hello\n1", "line 1:1: expected a value; JSON has no comments"),
        ("[1,]", "line 1:4: expected a value, found ']'"),
        ("[1 2]", "line 1:4: expected ',' or ']', found '2'"),
        ("[1", "line 1:3: expected ',' or ']', found the end of the text"),
        ("[", "line 1:2: expected a value, found the end of the text"),
        ("{\"a\":1,}", "line 1:8: expected a key in double quotes, found '}'"),
        ("{a:1}", "line 1:2: expected a key in double quotes, found 'a'"),
        ("{\"a\" 1}", "line 1:6: expected ':', found '1'"),
        ("{\n  \"a\": 1,\n  \"é\": 2 \"b\": 3\n}", "line 3:10: expected ',' or '}', found '\"'"),
        ("{\"a\":1,\n \"\\u0061\":2}", "line 2:2: the key \"a\" occurs twice"),
        ("01", "line 1:2: a number has no leading zero"),
        ("-", "line 1:2: expected a digit, found the end of the text"),
        ("+1", "line 1:1: expected a value, found '+'"),
        (".5", "line 1:1: expected a value, found '.'"),
        ("1.", "line 1:3: expected a digit, found the end of the text"),
        ("1.e1", "line 1:3: expected a digit, found 'e'"),
        ("1e", "line 1:3: expected a digit, found the end of the text"),
        ("0x10", "line 1:2: expected a digit or the end of the number, found 'x'"),
        ("[5s]", "line 1:3: expected a digit or the end of the number, found 's'"),
        ("\"abc", "line 1:1: the string that starts here has no closing quote"),
        ("\"a\nb\"", "line 1:3: a control character (0x0A) must be written as an escape"),
        ("\"\\x\"", "line 1:3: expected one of \"\\/bfnrtu after the backslash, found 'x'"),
        ("\"\\u12g4\"", "line 1:6: expected four hexadecimal digits after \\u, found 'g'"),
        ("\"\\ud800\"", "line 1:2: half of a surrogate pair is not a character"),
        ("\"\\ud800\\u0041\"", "line 1:2: half of a surrogate pair is not a character"),
        ("\"\\udc00\\ud800\"", "line 1:2: half of a surrogate pair is not a character"),
        ("\u{FEFF}{}", "line 1:1: the text starts with a byte order mark; save it as UTF-8 without one"),
    ])
    func mistakeIsNamedWithItsPlace(text: String, message: String) {
        let mistake = #expect(throws: JSONMistake.self) { try JSONDocument(Array(text.utf8)) }

        #expect(mistake?.description == message)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x9F, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82],
            [0xF0, 0x8F, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
            [0xE2, 0x28, 0xA1],
        ] as [[UInt8]])
    func bytesThatAreNotUTF8AreRefusedWhereTheyStand(bytes: [UInt8]) {
        let text: [UInt8] = Array("[\"ab".utf8) + bytes + Array("\"]".utf8)

        let mistake = #expect(throws: JSONMistake.self) { try JSONDocument(text) }

        #expect(mistake?.position == TextPosition(line: 1, column: 5))
        #expect(mistake?.text.contains("not UTF-8") == true)
    }

    @Test func everyValueAndKeyKnowsItsPlace() throws {
        let document = try JSONDocument(Array("{\n  \"é😀\": [10,\n   \"x\"], \"b\": {}\n}".utf8))

        guard case .object(let members) = document.root.content, members.count == 2,
            case .array(let elements) = members[0].value.content
        else {
            Issue.record("the document has another shape")
            return
        }
        #expect(document.root.position == TextPosition(line: 1, column: 1))
        #expect(members[0].keyPosition == TextPosition(line: 2, column: 3))
        #expect(members[0].value.position == TextPosition(line: 2, column: 9))
        #expect(
            elements.map(\.position) == [TextPosition(line: 2, column: 10), TextPosition(line: 3, column: 4)])
        #expect(members[1].keyPosition == TextPosition(line: 3, column: 10))
        #expect(members[1].value.position == TextPosition(line: 3, column: 15))
    }

    @Test func textAboveTheSizeLimitIsRefusedUnread() {
        var limits = JSONLimits()
        limits.maximumBytes = 3

        let mistake = #expect(throws: JSONMistake.self) {
            try JSONDocument(Array("[11]".utf8), limits: limits)
        }

        #expect(mistake?.text == "the text has 4 bytes, allowed are at most 3")
    }

    @Test func nestingUpToTheLimitIsReadAndOneMoreIsRefused() throws {
        let deepest = Array((String(repeating: "[", count: 32) + String(repeating: "]", count: 32)).utf8)
        let endless = Array(String(repeating: "{\"a\":", count: 100_000).utf8)

        _ = try JSONDocument(deepest)
        let mistake = #expect(throws: JSONMistake.self) { try JSONDocument([0x5B] + deepest + [0x5D]) }
        let second = #expect(throws: JSONMistake.self) { try JSONDocument(endless) }

        #expect(mistake?.position == TextPosition(line: 1, column: 33))
        #expect(second?.text == "more than 32 objects and lists inside each other")
    }

    @Test func documentCutAtAnyByteIsAMistakeAndNeverATrap() {
        let text = Array(
            "{\"a\": [1.5e+3, \"\\u00e9\\ud83d\\ude00é\", true, null], \"b\": {\"c\": false}}".utf8)

        for end in 0..<text.count {
            #expect(throws: JSONMistake.self) { try JSONDocument(Array(text[..<end])) }
        }
    }

    @Test func aKeyTwiceIsFoundAmongFewAndAmongMany() throws {
        for count in [2, 15, 16, 17, 18, 40] {
            for first in Set([0, count - 2]) {
                var keys = (0..<count).map { "k\($0)" }
                keys[count - 1] = keys[first]
                let text = "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
                #expect(throws: JSONMistake.self, "\(text)") { try JSONDocument(Array(text.utf8)) }
            }
            let text = "{" + (0..<count).map { "\"k\($0)\":0" }.joined(separator: ",") + "}"
            #expect(throws: Never.self) { try JSONDocument(Array(text.utf8)) }
        }
    }
}
