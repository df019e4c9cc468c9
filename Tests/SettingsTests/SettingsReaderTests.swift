import Settings
import Testing

/// The run of a whole text.
struct SettingsReaderTests {
    @Test func textThatIsNoJSONIsOneMistakeWithItsPlace() {
        let failure = #expect(throws: SettingsFailure.self) {
            try SettingsReader.read(Array("{\n\"a\" 1}".utf8), file: "a.json") { _ in }
        }

        #expect(failure?.description == "a.json:2:5: expected ':', found '1'")
    }

    @Test func textAboveItsBoundIsRefused() {
        var limits = JSONLimits()
        limits.maximumBytes = 4

        let failure = #expect(throws: SettingsFailure.self) {
            try SettingsReader.read(Array("{    }".utf8), file: "a.json", limits: limits) { _ in }
        }

        #expect(failure?.description == "a.json:1:1: the text has 6 bytes, allowed are at most 4")
    }

    @Test(arguments: [
        ("a.json", "b"), ("dir/a.json", "dir/b"), ("../a.json", "../b"), ("/etc/a.json", "/etc/b"),
    ])
    func pathsStartAtTheFolderOfTheFile(file: String, path: String) throws {
        let read = try SettingsReader.read(Array("{\"p\": \"b\"}".utf8), file: file) { section in
            section.required("p", .path, "")
        }

        #expect(read == path)
    }

    @Test func everyMistakeIsFoundInOneRun() {
        let text = "{\"a\": -1, \"b\": {\"c\": []}, \"d\": 0}"

        let failure = #expect(throws: SettingsFailure.self) {
            try SettingsReader.read(Array(text.utf8), file: "a.json") { section in
                _ = section.required("a", .integer(in: 0...9), "")
                section.section("b", "") { _ = $0.required("c", .name, "") }
                _ = section.required("e", .name, "")
            }
        }

        #expect(failure?.mistakes.map(\.keyPath) == ["e", "a", "b.c", "d"])
    }
}
