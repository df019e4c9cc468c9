import Foundation
import GatewayCore
import Settings
import Testing

/// What the loader says about every mistake somebody can make, and that it says nothing else.
struct ConfigurationLoaderTests {
    /// One file per mistake, named after the mistake.
    static let fixtures = RecordedFile.repository.appending(
        path: "Tests/GatewayCoreTests/Fixtures/configuration")

    static var names: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: fixtures.path)) ?? []
        return names.filter { $0.hasSuffix(".json") }.sorted()
    }

    /// A machine on which everything exists but what is called missing.
    static var world: SettingsWorld {
        SettingsWorld(
            whyUnreadable: { $0.contains("missing") ? "cannot be read (No such file or directory)" : nil },
            hasEnvironmentVariable: { $0 != "MISSING" })
    }

    static var checks: ConfigurationChecks {
        ConfigurationChecks { tls in
            tls.certificateChainPath.contains("unusable")
                ? "the key is another's; allowed: the certificate's own" : nil
        }
    }

    static func mistakes(in name: String) throws -> [SettingsMistake] {
        let bytes = Array(try Data(contentsOf: fixtures.appending(path: name)))
        do throws(SettingsFailure) {
            _ = try ConfigurationLoader.read(bytes, file: name, world: world, checks: checks)
            return []
        } catch {
            return error.mistakes
        }
    }

    @Test func everyMistakeIsToldAsRecorded() throws {
        let lines = try Self.names.flatMap { try Self.mistakes(in: $0).map(\.description) }

        try RecordedFile("Tests/GatewayCoreTests/Fixtures/configuration/mistakes.txt")
            .expect(lines.joined(separator: "\n") + "\n")
    }

    @Test(arguments: names)
    func fixtureIsRefused(name: String) throws {
        #expect(try !Self.mistakes(in: name).isEmpty)
    }

    @Test(arguments: names)
    func messageSaysWhatIsAllowed(name: String) throws {
        let mistakes = try Self.mistakes(in: name).filter { !$0.keyPath.isEmpty }

        for mistake in mistakes {
            #expect(
                mistake.text.contains("; allowed: ") || mistake.text.contains("did you mean"), "\(mistake)")
        }
    }

    @Test func secretWrittenInTheClearIsNotRepeated() throws {
        let mistakes = try Self.mistakes(in: "admin-token-in-the-clear.json")

        #expect(mistakes.allSatisfy { !$0.description.contains("hunter2") })
    }

    @Test func missingFileIsAMistakeOfItsOwn() {
        let failure = #expect(throws: SettingsFailure.self) {
            try ConfigurationLoader.load("/nowhere/gateway.json")
        }

        #expect(
            failure?.description
                == "/nowhere/gateway.json:1:1: the configuration cannot be read (No such file or directory);"
                + " allowed: a readable file")
    }

    @Test func fileIsReadAndCheckedAgainstTheMachine() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "gateway.json")
        let text = try RecordedFile("config/gateway.json").text
        try Data(text.utf8).write(to: file)

        let failure = #expect(throws: SettingsFailure.self) { try ConfigurationLoader.load(file.path) }
        for name in ["tls/gateway.pem", "tls/gateway.key", "admin.token"] {
            let named = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: named.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("x".utf8).write(to: named)
        }
        let configuration = try ConfigurationLoader.load(file.path)

        #expect(
            failure?.mistakes.map(\.keyPath) == [
                "listeners[0].tls.certificate_chain", "listeners[0].tls.private_key", "admin.token",
            ])
        #expect(configuration.listeners.first?.tls?.privateKeyPath == folder.path + "/tls/gateway.key")
    }

    @Test func documentationIsWhatTheDeclarationsSay() throws {
        try RecordedFile("docs/configuration.md").expect(ConfigurationLoader.documentation)
    }

    @Test func defaultInTheCommentOfAFieldIsTheDefault() throws {
        let defaults = Dictionary(grouping: ConfigurationLoader.descriptions, by: \.key)
        let sources = RecordedFile.repository.appending(path: "Sources/GatewayCore")
        let files = FileManager.default.enumerator(atPath: sources.path)?.compactMap { $0 as? String } ?? []
        var compared = 0

        for file in files where file.hasSuffix("Configuration.swift") {
            let text = try String(contentsOf: sources.appending(path: file), encoding: .utf8)
            for declared in text.matches(of: /(\w+) = section\.value\(\s*"(\w+)"/) {
                // A default that another type declares stands there.
                guard let field = try Regex("/// (.*)\n +package let \(declared.1):").firstMatch(in: text),
                    let comment = field.output[1].substring, let setting = defaults[String(declared.2)]
                else { continue }
                let brackets = setting.map { description -> String in
                    if case .fallback(let value) = description.presence { return "[\(value)]." }
                    return "no default"
                }
                #expect(brackets.contains { comment.hasSuffix($0) }, "\(file): \(declared.1): \(comment)")
                compared += 1
            }
        }

        #expect(compared > 20)
    }

    @Test func configurationCutAtAnyByteIsRefusedAndNeverTraps() throws {
        let bytes = Array(try RecordedFile("config/gateway.json").text.utf8)
        let end = bytes.lastIndex(of: UInt8(ascii: "}")) ?? 0

        for length in 0..<end {
            #expect(throws: SettingsFailure.self) {
                try ConfigurationLoader.read(Array(bytes[..<length]), file: "cut", world: .unchecked)
            }
        }
    }
}
