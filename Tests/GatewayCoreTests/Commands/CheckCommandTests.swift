import Foundation
import Testing

@testable import GatewayCore

/// `kayle-gateway check`, as an operator and a deployment script run it.
@Suite(.timeLimit(.minutes(2)))
struct CheckCommandTests {
    private let stage: CommandStage

    init() throws { stage = try CommandStage(isSecure: true) }

    @Test func aGoodConfigurationIsOneLineOnStandardOutput() throws {
        _ = try stage.addTenant("acme", upstreamToken: "kk_acme")

        let checked = try stage.run(["check"])

        #expect(checked.status == 0)
        #expect(checked.output.hasSuffix(", 1 tenants\n"))
        #expect(checked.output.split(separator: "\n").count == 1)
        #expect(checked.output.hasPrefix("https://127.0.0.1:0 to http://127.0.0.1:9: 2 routes (1 cached)"))
        #expect(checked.errors == "")
        let document = try stage.document(["check"])
        #expect(document["ok"] as? Bool == true)
        #expect("\(document["summary"] ?? "")\n" == checked.output)
    }

    @Test func allMistakesAreToldAtOnceEachWithItsPlace() throws {
        try stage.configure {
            $0["wokers"] = 2
            $0["upstream"] = ["url": "ftp://127.0.0.1"]
            $0["drain"] = ["timeout": "10"]
        }

        let checked = try stage.run(["check"])

        #expect(checked.status == 78)
        #expect(checked.output == "")
        let lines = checked.errors.split(separator: "\n").map(String.init)
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.hasPrefix("\(stage.path("gateway.json")):") })
        let places = lines.map { $0.dropFirst(stage.path("gateway.json").count) }
        #expect(places.allSatisfy { $0.firstMatch(of: /^:[0-9]+:[0-9]+: \S+: .+/) != nil }, "\(places)")
        #expect(lines.count { $0.contains("; allowed: ") || $0.contains("did you mean") } == 3)
        for key in ["drain.timeout", "upstream.url", "wokers"] {
            #expect(places.contains { $0.contains(": \(key): ") }, "\(key) in \(places)")
        }
    }

    @Test func aConfigurationThatIsNotThereIsAMistakeToo() throws {
        let checked = try stage.run(["check"], config: "none.json")

        #expect(checked.status == 78)
        #expect(checked.output == "")
        #expect(checked.errors.hasPrefix("\(stage.path("none.json")):1:1: "))
    }

    @Test func aTenantStoreThatCannotBeReadIsNamedWithItsPlace() throws {
        try stage.write(#"{ "tenants": [ { "id": "acme" } ] }"#, to: "tenants.json")

        let checked = try stage.run(["check"])

        #expect(checked.status == 78)
        #expect(checked.output == "")
        #expect(checked.errors.contains("\(stage.path("tenants.json")):1:"))
    }

    @Test func aTenantWithoutItsUpstreamTokenIsAWarningAndNoMistake() throws {
        let added = try stage.run([
            "tenant", "add", "acme", "--plan", "standard", "--upstream-token-env", "KAYLE_TEST_UNSET",
        ])
        #expect(added.status == 0)

        let checked = try stage.run(["check"])
        let inOrder = try stage.run(["check"], environment: ["KAYLE_TEST_UNSET": "kk_secret_in_environment"])

        #expect(checked.status == 0)
        #expect(checked.errors.hasPrefix("warning: "))
        #expect(checked.errors.contains("acme"))
        #expect(inOrder.status == 0)
        #expect(inOrder.errors == "")
        #expect(!inOrder.output.contains("kk_secret"))
    }

    @Test func aResultThatCannotBeWrittenIsStatus73() throws {
        let checked = try Program.run(
            "/bin/sh",
            ["-c", "exec '\(Program.gateway)' check --config '\(stage.path("gateway.json"))' > /dev/full"])

        #expect(checked.status == 73)
        #expect(checked.errors == "cannot write to standard output\n")
    }
}
