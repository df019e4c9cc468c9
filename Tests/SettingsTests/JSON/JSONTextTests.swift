import Settings
import Testing

/// The one form in which JSON is written.
struct JSONTextTests {
    @Test func shortContainersStayOnOneLineAndOthersGetALinePerMember() {
        let value = JSONValue.object([
            "id": "acme".json,
            "upstream_token": .object(["env": "KAYLE_KEY_ACME".json]),
            "tokens": .array([.object(["scopes": .array(["a".json, "b".json]), "revoked_at": .null])]),
            "none": .array([]), "empty": .object([:]), "on": .boolean(true), "count": .integer(-3),
        ])

        let text = String(decoding: JSONText.pretty(value), as: UTF8.self)

        #expect(
            text == """
                {
                  "id": "acme",
                  "upstream_token": { "env": "KAYLE_KEY_ACME" },
                  "tokens": [
                    {
                      "scopes": ["a", "b"],
                      "revoked_at": null
                    }
                  ],
                  "none": [],
                  "empty": {},
                  "on": true,
                  "count": -3
                }

                """)
    }

    @Test func listThatDoesNotFitOnALineGetsALinePerElement() {
        let long = String(repeating: "x", count: 60)

        let text = String(decoding: JSONText.pretty(.array([long.json, long.json])), as: UTF8.self)

        #expect(text == "[\n  \"\(long)\",\n  \"\(long)\"\n]\n")
    }

    @Test(arguments: [
        ("a\"b\\c/", "\"a\\\"b\\\\c/\""),
        ("\u{8}\t\n\u{C}\r", "\"\\b\\t\\n\\f\\r\""),
        ("\0\u{1B}\u{7F}\u{9B}", "\"\\u0000\\u001b\\u007f\\u009b\""),
        ("\u{2028}é😀", "\"\\u2028é😀\""),
    ])
    func stringIsEscapedSoThatATerminalShowsItOnly(string: String, quoted: String) {
        #expect(JSONText.quoted(string) == quoted)
    }

    @Test(arguments: [
        "[1, 1.0, 1e400, -0]",
        "{\"\": {\"a\": [[], {}, [null, true]]}, \"\\ud83d\\ude00\\u0000\": \"\\u2028\"}",
        "\"\\\"\"", "[[[[\"e\\u0301\", \"\u{E9}\"]]]]",
    ])
    func whatIsWrittenReadsBackAsTheSameTreeAndIsWrittenTheSame(text: String) throws {
        let first = try JSONDocument(Array(text.utf8))
        let written = JSONText.pretty(first.root)

        let second = try JSONDocument(written)

        #expect(second == first)
        #expect(JSONText.pretty(second.root) == written)
    }

    @Test func aLineIsOneLineAndReadsBack() throws {
        let text = #"{"a":[1,{"b":null},[]],"c":"x\ny","d":{}}"#
        let document = try JSONDocument(Array(text.utf8))

        #expect(String(decoding: JSONText.line(document.root), as: UTF8.self) == text)
    }
}

extension String {
    fileprivate var json: JSONValue { .string(self) }
}
