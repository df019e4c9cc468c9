import Foundation
import Testing

@testable import GatewayCore

/// Which settings wait for a restart, and that every page says the same.
struct RestartSettingsTests {
    private static let minimal = GatewayConfigurationTests.minimal

    private func changed(_ text: String) throws -> [String] {
        RestartSettings.changed(
            from: try GatewayConfigurationTests.read(Self.minimal),
            to: try GatewayConfigurationTests.read(text))
    }

    private static func with(_ member: String) -> String {
        minimal.replacing("\"routes\"", with: "\(member), \"routes\"")
    }

    @Test(arguments: [
        ("name", with(#""name": "edge""#)), ("workers", with(#""workers": 3"#)),
        ("worker_placement", with(#""worker_placement": "bound""#)),
        ("listeners", minimal.replacing("127.0.0.1:8443", with: "127.0.0.1:8444")),
        ("listeners", minimal.replacing(#":8443""#, with: #":8443", "limits": { "maximum_fields": 64 }"#)),
        ("admin", with(#""admin": { "address": "127.0.0.1:9444" }"#)),
        ("admin", with(#""admin": { "token": { "env": "TOKEN" } }"#)),
        ("upstream", minimal.replacing("https://api.kayle.id", with: "https://api.example")),
        ("upstream", minimal.replacing(#"kayle.id""#, with: #"kayle.id", "total_timeout": "1m""#)),
        ("credentials", minimal.replacing("tenants.json", with: "others.json")),
        ("cache", with(#""cache": { "memory": "1GiB" }"#)),
        ("log", with(#""log": { "access": "off" }"#)), ("log", with(#""log": { "level": "debug" }"#)),
    ])
    func aSettingThatWaitsIsNamed(name: String, text: String) throws {
        #expect(try changed(text) == [name])
    }

    @Test(arguments: [
        minimal, minimal.replacing("\"rest\"", with: "\"other\""), with(#""drain": { "timeout": "1s" }"#),
        with(#""plans": { "a": { "limits": [] } }"#),
    ])
    func aSettingThatIsUsedAtOnceIsNot(text: String) throws {
        #expect(try changed(text) == [])
    }

    @Test func severalAreNamedInTheOrderOfTheFile() throws {
        let text = Self.with(#""log": { "access": "off" }, "name": "edge""#)
            .replacing("tenants.json", with: "others.json")

        #expect(try changed(text) == ["name", "credentials", "log"])
    }

    @Test func everyOutermostSettingEitherWaitsOrIsUsedAtOnce() throws {
        let page = try RecordedFile("docs/configuration.md").text
        let table = page.split(separator: "## The file").last?.split(separator: "\n## ").first ?? ""
        let settings = table.matches(of: /\n\| `(\w+)` \|/).map { String($0.1) }

        #expect(settings.count == 17)
        #expect(
            Set(settings)
                == Set(
                    RestartSettings.names
                        + ["routes", "plans", "drain", "trusted_proxies", "forwarded_field"]))
    }

    @Test func thePageForOperatorsNamesExactlyThese() throws {
        let page = try RecordedFile("docs/operations.md").text
        let row = page.split(separator: "\n").first { $0.hasPrefix("| `routes`, `plans`") } ?? ""
        let last = row.split(separator: "|").last { !$0.allSatisfy(\.isWhitespace) } ?? ""

        #expect(last.matches(of: /`(\w+)`/).map { String($0.1) } == RestartSettings.names)
        #expect(page.contains(RestartSettings.warning("NAME")))
    }
}
