import Testing

@testable import KayleStandIn

struct JavaScriptNumberTests {
    @Test(arguments: [
        "10", "010", "10.0", "10.", "1e1", "1E+1", "100e-1", ".1e2", "+10", "0x0A", "0XA", "0b1010", "0o12",
        " 10", "10 ",
        "\t10\n", "\u{A0}10", "\u{FEFF}10", "\u{2028}10\u{2029}", "\u{3000}10", "10.00000000000000000001",
    ])
    func manySpellingsMeanTen(text: String) {
        #expect(JavaScriptNumber.value(of: text) == 10)
    }

    @Test(arguments: [
        "10abc", "1_0", "NaN", "infinity", "١٠", "0x", "0xG", "0b2", "0o8", "+0x0A", "-0b1", "1e", "e1", ".",
        "+", "1 0",
        "--1", "10\u{0}", "10\u{200B}", "1.2.3",
    ])
    func everythingElseIsNotANumber(text: String) {
        #expect(JavaScriptNumber.value(of: text) == nil)
    }

    @Test(arguments: [("", 0), (" ", 0), ("-1", -1), ("99.99999999999999999999", 100), ("1e400", .infinity)])
    func edgesAreThoseOfADouble(text: String, value: Double) {
        #expect(JavaScriptNumber.value(of: text) == value)
    }

    @Test func infinityIsSpelledInOneWay() {
        #expect(JavaScriptNumber.value(of: "-Infinity") == -.infinity)
    }
}
