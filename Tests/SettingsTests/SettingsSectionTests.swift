import Settings
import Testing

/// What a section gives for every way of writing or leaving out a setting.
struct SettingsSectionTests {
    enum Colour: String, CaseIterable { case red, green }

    /// Reads an object by declarations; the mistakes as lines if there are any.
    static func read<Value>(
        _ text: String, world: SettingsWorld = .unchecked, _ declare: (SettingsSection) -> Value
    ) -> (value: Value?, mistakes: [String]) {
        do throws(SettingsFailure) {
            return (
                try SettingsReader.read(Array(text.utf8), file: "dir/f.json", world: world, declare), []
            )
        } catch {
            return (nil, error.mistakes.map(\.description))
        }
    }

    @Test func settingThatIsLeftOutHasItsDefault() {
        let result = Self.read("{}") {
            $0.value("wait", .duration(in: .zero ... .seconds(9)), default: .seconds(2), "")
        }

        #expect(result.value == .seconds(2))
    }

    @Test func settingThatIsWrittenHasItsValue() {
        let result = Self.read("{\"wait\":\"250ms\"}") {
            $0.value("wait", .duration(in: .zero ... .seconds(9)), default: .seconds(2), "")
        }

        #expect(result.value == .milliseconds(250))
    }

    @Test(arguments: ["{}", "{\"colour\": null}"])
    func optionalSettingMayBeLeftOutOrNull(text: String) {
        let result = Self.read(text) { $0.optional("colour", SettingsKind<Colour>.choice, "") }

        #expect(result.value == .some(nil))
        #expect(result.mistakes.isEmpty)
    }

    @Test func settingWithADefaultMayNotBeNull() {
        let result = Self.read("{\"colour\": null}") {
            $0.value("colour", SettingsKind<Colour>.choice, default: .red, "")
        }

        #expect(
            result.mistakes == [
                "dir/f.json:1:12: colour: expected one of the words, found null; allowed: red, green"
            ])
    }

    @Test func requiredSettingThatIsLeftOutIsMissedWhereItsSectionStarts() {
        let result = Self.read("{\n \"inner\": {}\n}") { section in
            section.section("inner", "") { $0.required("size", .size(in: 1...1_024), "") }
        }

        #expect(result.mistakes == ["dir/f.json:2:11: inner.size: missing; allowed: 1B to 1KiB"])
    }

    @Test func requiredSettingOfASectionThatIsLeftOutIsMissedToo() {
        let result = Self.read("{}") { section in
            section.section("inner", "") { $0.required("size", .size(in: 1...1_024), "") }
        }

        #expect(result.mistakes == ["dir/f.json:1:1: inner.size: missing; allowed: 1B to 1KiB"])
    }

    @Test func sectionThatIsNoObjectIsOneMistakeOnly() {
        let result = Self.read("{\"inner\": []}") { section in
            section.section("inner", "") { $0.required("size", .size(in: 1...1_024), "") }
        }

        #expect(
            result.mistakes == ["dir/f.json:1:11: inner: expected an object, found a list; allowed: { … }"])
    }

    @Test(arguments: [
        ("conect_timeout", "did you mean \"connect_timeout\"?"),
        ("connect_tiemout", "did you mean \"connect_timeout\"?"),
        ("Size", "did you mean \"size\"?"),
        ("sieze", "did you mean \"size\"?"),
        ("colour", "allowed: size, connect_timeout"),
    ])
    func unknownKeyIsAMistakeWithAHint(key: String, hint: String) {
        let result = Self.read("{\"\(key)\": 1}") { section in
            _ = section.value("size", .integer(in: 0...9), default: 0, "")
            _ = section.value("connect_timeout", .integer(in: 0...9), default: 0, "")
        }

        #expect(result.mistakes == ["dir/f.json:1:2: \(key): unknown key; \(hint)"])
    }

    @Test func keyOfStrangeCharactersIsShownInQuotes() {
        let result = Self.read("{\"a\\n.b\": 1}") { _ in }

        #expect(result.mistakes == ["dir/f.json:1:2: \"a\\n.b\": unknown key; allowed: "])
    }

    @Test func elementsOfAListHaveTheirIndexInTheirName() {
        let result = Self.read("{\"list\": [{\"n\": 1}, {\"n\": \"x\"}, 3]}") { section in
            section.list("list", count: 1...3, "") { $0.required("n", .integer(in: 0...9), "") }
        }

        #expect(
            result.mistakes == [
                "dir/f.json:1:27: list[1].n: expected an integer, found a string; allowed: 0 to 9",
                "dir/f.json:1:33: list[2]: expected an object, found a number; allowed: { … }",
            ])
    }

    @Test(arguments: [
        ("{}", "list: missing"), ("{\"list\": []}", "list: 0 elements"),
        ("{\"list\": {}}", "list: expected a list"),
    ])
    func listHasAsManyElementsAsDeclared(text: String, start: String) {
        let result = Self.read(text) { $0.list("list", count: 1...3, "") { _ in } }

        #expect(result.mistakes.count == 1)
        #expect(result.mistakes.first?.contains(start) == true)
    }

    @Test func sectionsByNameKeepTheOrderOfTheText() {
        let result = Self.read("{\"map\": {\"b\": {}, \"a\": {}}}") { section in
            section.map("map", count: 0...3, "") { name, _ in name }
        }

        #expect(result.value == ["b", "a"])
    }

    @Test(arguments: [("\"short\"", 5), ("{\"length\": 7}", 7)])
    func valueOrSectionTakesBoth(written: String, length: Int) {
        let result = Self.read("{\"text\": \(written)}") { section in
            section.optionalValueOrSection(
                "text", .name, "", plain: { $0.utf8.count },
                section: { $0.required("length", .integer(in: 0...9), "") })
        }

        #expect(result.value == length)
    }

    @Test func wordDecidesWhichFurtherKeysThereAre() {
        let variants = [
            SettingsVariant("circle") { $0.required("radius", .integer(in: 0...9), "") },
            SettingsVariant("line") { $0.required("length", .integer(in: 0...9), "") },
        ]

        let line = Self.read("{\"kind\": \"line\", \"length\": 3}") { $0.variant("kind", variants, "") }
        let mixed = Self.read("{\"kind\": \"line\", \"length\": 3, \"radius\": 1}") {
            $0.variant("kind", variants, "")
        }
        let other = Self.read("{\"kind\": \"oval\", \"radius\": 1}") { $0.variant("kind", variants, "") }

        #expect(line.value == 3)
        #expect(mixed.mistakes == ["dir/f.json:1:31: radius: unknown key; allowed: kind, length"])
        #expect(
            other.mistakes == [
                "dir/f.json:1:10: kind: \"oval\" is not one of the words; allowed: circle, line"
            ])
    }

    @Test func onlyTheFirstMistakeOfASettingIsKept() {
        let result = Self.read("{\"n\": 12}") { section in
            let number = section.value("n", .integer(in: 0...9), default: 0, "")
            if number < 5 { section.mistake("n", "too small") }
        }

        #expect(result.mistakes == ["dir/f.json:1:7: n: 12 is out of bounds; allowed: 0 to 9"])
    }

    @Test func mistakesComeInTheOrderOfTheFile() {
        let result = Self.read("{\"b\": 1,\n\"a\": 2}") { section in
            section.mistake("a", "second")
            section.mistake("b", "first")
            _ = section.value("a", .integer(in: 0...9), default: 0, "")
            _ = section.value("b", .integer(in: 0...9), default: 0, "")
        }

        #expect(result.mistakes == ["dir/f.json:1:7: b: first", "dir/f.json:2:6: a: second"])
    }

    @Test func mistakesBeyondAHundredAreCountedOnly() {
        let keys = (0..<130).map { "\"k\($0)\": 0" }.joined(separator: ", ")

        let result = Self.read("{\(keys)}") { _ in }

        #expect(result.mistakes.count == 101)
        #expect(result.mistakes.last?.hasSuffix("30 further mistakes are not shown") == true)
    }

    @Test func describingRunNotesEveryDeclarationOfEveryVariant() {
        let descriptions = SettingsReader.describe { section in
            _ = section.value("size", .size(in: 1...1_024), default: 64, "How large.")
            section.section("inner", "What is inside.") { inner in
                _ = inner.required("wait", .duration(in: .zero ... .seconds(9)), "How long.")
            }
            _ = section.list("list", count: 0...2, "Elements.") { element in
                element.variant(
                    "kind", [SettingsVariant("a") { _ = $0.optional("b", .name, "A name.") }], "Which.")
            }
        }

        #expect(
            descriptions.map { "\($0.section)/\($0.key)" } == [
                "/size", "/inner", "inner/wait", "/list", "list[]/kind", "list[]/b",
            ])
        #expect(
            descriptions.map(\.presence) == [
                .fallback("64B"), .required, .required, .optional, .required, .optional,
            ])
        #expect(descriptions.first?.allowed == "a size; 1B to 1KiB")
    }
}
