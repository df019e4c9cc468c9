import HTTPModel
import Testing

@testable import GatewayCore

struct ScriptNumberTests {
    @Test(arguments: [
        "10", "010", "10.0", "10.", "1e1", "1E+1", "100e-1", ".1e2", "0.1e2", "+10", "+10.0", "0x0A", "0XA",
        "0xa", "0b1010", "0B1010", "0o12", "0O12", "10.0000000000000000000001",
    ])
    func everySpellingOfTenIsTen(text: String) {
        #expect(Self.read(text) == .integer(10))
    }

    @Test(arguments: [
        " ", "\t", "\n", "\u{B}", "\u{C}", "\r", "\u{A0}", "\u{1680}", "\u{2000}", "\u{200A}", "\u{2028}",
        "\u{2029}", "\u{202F}", "\u{205F}", "\u{3000}", "\u{FEFF}", "\u{A0} \u{2003}\u{FEFF}",
    ])
    func whiteSpaceAroundANumberIsIgnored(space: String) {
        #expect(Self.read(space + "7" + space) == .integer(7))
    }

    @Test(arguments: ["\u{85}", "\u{180E}", "\u{200B}", "\u{2060}", "\u{0}", "\u{1F}"])
    func whatTheLanguageDoesNotCallWhiteSpaceIsNotIgnored(text: String) {
        #expect(Self.read(text + "7") == .noInteger)
        #expect(Self.read("7" + text) == .noInteger)
    }

    @Test(arguments: ["", " ", "0", "-0", "0x0", "0e5", "-0.0"])
    func nothingAndEveryZeroIsZero(text: String) {
        #expect(Self.read(text) == .integer(0))
    }

    @Test(arguments: [
        ".", "e1", "1e", "1e+", "+", "-", "+-1", "--1", "1_0", "1,0", "10abc", "0x", "0b", "0o", "0b2", "0o8",
        "0xg", "+0x1", "-0b1", "10n", "1 0", "NaN", "nan", "Infinity", "-Infinity", "inf", "1e400", "10.5",
        "0.1", "1e-1", "0x1p4", "99999999999999999999999999", "0xFFFFFFFFFFFFFFFFFFFF", "٣",
    ])
    func everythingElseIsNoInteger(text: String) {
        #expect(Self.read(text) == .noInteger)
    }

    @Test func precisionIsThatOfADouble() {
        let text = "99.99999999999999999999"

        #expect(Self.read(text) == .integer(100))
    }

    @Test func longTextsAreNotRead() {
        let longest = String(repeating: "0", count: ScriptNumber.maximumBytes - 2) + "1."

        #expect(Self.read(longest) == .integer(1))
        #expect(Self.read("0" + longest) == .tooLong)
    }

    private static func read(_ text: String) -> ScriptNumber { ScriptNumber(Array(text.utf8).span) }
}
