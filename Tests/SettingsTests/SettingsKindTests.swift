import Settings
import Testing

/// What each kind of value takes.
struct SettingsKindTests {
    static func read<Value>(
        _ text: String, _ kind: SettingsKind<Value>, world: SettingsWorld = .unchecked
    ) -> Value? {
        try? SettingsReader.read(Array("{\"v\": \(text)}".utf8), file: "etc/f.json", world: world) {
            section in
            section.required("v", kind, "")
        }
    }

    @Test(arguments: [
        ("\"0s\"", Duration.zero), ("\"250ms\"", .milliseconds(250)), ("\"5s\"", .seconds(5)),
        ("\"2m\"", .seconds(120)),
        ("\"24h\"", .seconds(86_400)), ("\"90d\"", .seconds(90 * 86_400)), ("\"91d\"", nil), ("\"5\"", nil),
        ("\"\"", nil), ("\"s\"", nil), ("\"-5s\"", nil), ("\"+5s\"", nil), ("\"5 s\"", nil), ("\" 5s\"", nil),
        ("\"5S\"", nil), ("\"1.5s\"", nil), ("\"1h30m\"", nil), ("\"5us\"", nil), ("\"٥s\"", nil), ("5", nil),
        ("\"99999999999999999999d\"", nil), ("\"9223372036854775807d\"", nil), ("null", nil),
    ])
    func durationIsOneNumberAndOneUnit(text: String, duration: Duration?) {
        #expect(Self.read(text, .duration(in: .zero ... .seconds(90 * 86_400))) == duration)
    }

    @Test(arguments: [
        ("\"0B\"", 0), ("\"512B\"", 512), ("\"64KiB\"", 65_536), ("\"256MiB\"", 268_435_456),
        ("\"2GiB\"", 2_147_483_648), ("\"3GiB\"", nil), ("\"64K\"", nil), ("\"64KB\"", nil),
        ("\"64kib\"", nil),
        ("\"64\"", nil), ("64", nil), ("\"-1B\"", nil), ("\"1.5KiB\"", nil),
        ("\"9223372036854775807KiB\"", nil),
    ])
    func sizeIsOneNumberAndOneUnit(text: String, bytes: Int?) {
        #expect(Self.read(text, .size(in: 0...2_147_483_648)) == bytes)
    }

    @Test(arguments: [
        ("0", 0), ("9", 9), ("-0", 0), ("10", nil), ("-1", nil), ("1.0", nil), ("1e0", nil), ("\"1\"", nil),
        ("true", nil), ("99999999999999999999", nil),
    ])
    func integerIsWrittenAsOneWithinItsBounds(text: String, integer: Int?) {
        #expect(Self.read(text, .integer(in: 0...9)) == integer)
    }

    @Test(
        arguments: [
            ("\"auto\"", .some(nil)), ("4", .some(4)), ("0", nil), ("\"4\"", nil), ("\"Auto\"", nil),
            ("null", nil),
            ("4.5", nil),
        ] as [(String, Int??)])
    func wordOrIntegerTakesBothAndNothingElse(text: String, value: Int??) {
        #expect(Self.read(text, .word("auto", orIntegerIn: 1...8)) == value)
    }

    @Test(arguments: [
        ("\"a\"", "a"), ("\"A-z_0.9\"", "A-z_0.9"), ("\"\"", nil), ("\"a b\"", nil), ("\"é\"", nil),
        ("\"a\\n\"", nil),
        ("\"\(String(repeating: "x", count: 64))\"", String(repeating: "x", count: 64)),
        ("\"\(String(repeating: "x", count: 65))\"", nil),
    ])
    func nameIsSafeWhereverItIsShown(text: String, name: String?) {
        #expect(Self.read(text, .name) == name)
    }

    @Test(arguments: [
        ("\"é b\"", "é b"), ("\"12345\"", nil), ("\"\"", nil), ("\"a\\tb\"", nil), ("\"\\u009b\"", nil),
        ("\"ééé\"", nil),
    ])
    func textIsCountedInBytesAndHasNoControlCharacters(text: String, value: String?) {
        #expect(Self.read(text, .text(bytes: 1...4)) == value)
    }

    @Test(arguments: [
        ("\"a.json\"", "etc/a.json"), ("\"../a\"", "etc/../a"), ("\"/a\"", "/a"), ("\"\"", nil),
        ("\"a\\u0000b\"", nil),
    ])
    func pathIsRelativeToTheFileThatNamesIt(text: String, path: String?) {
        #expect(Self.read(text, .path) == path)
    }

    @Test(arguments: [
        ("[\"a\", \"b\"]", ["a", "b"]), ("[\"a\"]", ["a"]), ("[]", nil), ("[\"a\", \"a\"]", nil),
        ("[\"a\", 1]", nil),
        ("[\"a\", \"b\", \"c\"]", nil), ("\"a\"", nil),
    ])
    func listHoldsValuesOfOneKindNoneTwice(text: String, values: [String]?) {
        #expect(Self.read(text, .list(of: .name, count: 1...2)) == values)
    }

    @Test(arguments: [
        ("\"a\"", ["a"]), ("[\"a\", \"b\"]", ["a", "b"]), ("[]", nil), ("1", nil), ("[1]", nil),
    ])
    func oneValueIsAListOfOne(text: String, values: [String]?) {
        #expect(Self.read(text, .oneOrList(of: .name, count: 1...2)) == values)
    }

    @Test(
        arguments: [
            ("{\"env\": \"KEY_1\"}", .environment("KEY_1")), ("{\"file\": \"k\"}", .file("etc/k")),
            ("{\"sealed\": \"x\"}", .sealed("x")), ("\"k\"", nil), ("{}", nil), ("{\"env\": \"\"}", nil),
            ("{\"env\": \"A=B\"}", nil), ("{\"env\": 1}", nil), ("{\"env\": \"A\", \"file\": \"b\"}", nil),
            ("{\"plain\": \"x\"}", nil), ("{\"env\": \"MISSING\"}", nil), ("{\"file\": \"missing\"}", nil),
        ] as [(String, SecretSource?)])
    func secretIsAReferenceToSomethingThatIsThere(text: String, source: SecretSource?) {
        let world = SettingsWorld(
            whyUnreadable: { $0.contains("missing") ? "is missing" : nil },
            hasEnvironmentVariable: { $0 != "MISSING" })

        #expect(Self.read(text, .secret(.required), world: world) == source)
    }

    @Test func secretThatMayComeLaterNeedNotBeThere() {
        let world = SettingsWorld(
            whyUnreadable: { _ in "is missing" }, hasEnvironmentVariable: { _ in false })

        #expect(Self.read("{\"file\": \"k\"}", .secret(.later), world: world) == .file("etc/k"))
        #expect(Self.read("{\"env\": \"K\"}", .secret(.later), world: world) == .environment("K"))
    }
}
