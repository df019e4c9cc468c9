import Settings
import Testing

/// Names that go into logs, labels and header fields as they are.
struct SettingsNameTests {
    @Test(arguments: ["a", "A-z_0.9", "sessions.list", String(repeating: "x", count: 64)])
    func nameOfPlainCharactersIsOne(text: String) {
        #expect(SettingsName.isName(text))
    }

    @Test(arguments: [
        "", "a b", "a\"", "a\n", "é", "a:b", "a/b", "a\u{0}", "\u{7F}", "@", "[", "`", "{",
        String(repeating: "x", count: 65),
    ])
    func anythingElseIsNone(text: String) {
        #expect(!SettingsName.isName(text))
    }
}
