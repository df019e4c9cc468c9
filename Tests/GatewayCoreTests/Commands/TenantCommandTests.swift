import Foundation
import Testing

@testable import GatewayCore

/// `kayle-gateway tenant …`: who may use the gateway.
@Suite(.timeLimit(.minutes(2)))
struct TenantCommandTests {
    private let stage: CommandStage
    private static let secret = "kk_upstream_secret_0123456789"

    init() throws { stage = try CommandStage() }

    private func add(_ id: String, _ place: [String], input: String? = nil) throws -> Program.Finished {
        try stage.run(["tenant", "add", id, "--plan", "standard"] + place, input: input)
    }

    @Test func aTenantIsAddedListedAndRemoved() throws {
        try stage.write("\(Self.secret)\n", to: "acme.key")

        let added = try [
            add("acme", ["--upstream-token-file", stage.path("acme.key")]),
            add("globex", ["--upstream-token-env", "KAYLE_KEY_GLOBEX"]),
            add("initech", ["--upstream-token-stdin"], input: "\(Self.secret)\n"),
        ]
        let listed = try stage.run(["tenant", "list"])
        let removed = try stage.run(["tenant", "remove", "globex"])
        let left = try stage.run(["tenant", "list"])

        #expect((added + [listed, removed, left]).allSatisfy { $0.status == 0 })
        #expect((added + [removed]).allSatisfy { $0.output == "" && $0.errors.count { $0 == "\n" } == 1 })
        let rows = listed.output.split(separator: "\n").map(String.init)
        #expect(rows.count == 4)
        #expect(rows[0].hasPrefix("TENANT "))
        #expect(rows[1].contains("acme") && rows[1].contains("file \(stage.path("acme.key"))"))
        #expect(rows[2].contains("globex") && rows[2].contains("env KAYLE_KEY_GLOBEX"))
        #expect(rows[3].contains("initech") && rows[3].contains("sealed"))
        #expect(!left.output.contains("globex") && left.output.contains("initech"))
        for text in try (added + [listed, left]).flatMap({ [$0.output, $0.errors] }) + [
            stage.text(of: "tenants.json")
        ] {
            #expect(!text.contains(Self.secret))
        }
    }

    @Test func theSameIsToldInJSON() throws {
        let added = try stage.document(
            ["tenant", "add", "acme", "--plan", "standard", "--upstream-token-stdin"], input: Self.secret)
        let listed = try stage.document(["tenant", "list"])
        let removed = try stage.document(["tenant", "remove", "acme"])

        #expect(added as? [String: String] == ["tenant": "acme", "plan": "standard"])
        let tenants = listed["tenants"] as? [[String: Any]]
        #expect(tenants?.count == 1)
        #expect(tenants?[0]["id"] as? String == "acme")
        #expect(tenants?[0]["upstream_token"] as? String == "sealed")
        #expect(tenants?[0]["active_tokens"] as? Int == 0)
        #expect(removed["removed"] as? Bool == true)
    }

    @Test func thePepperIsMadeAtFirstUseForNobodyElse() throws {
        let added = try add("acme", ["--upstream-token-stdin"], input: Self.secret)

        #expect(added.status == 0)
        for name in ["pepper.key", "tenants.json"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: stage.path(name))
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
    }

    @Test func badInputIsStatus65AndChangesNothing() throws {
        let first = try add("acme", ["--upstream-token-stdin"], input: Self.secret)
        #expect(first.status == 0)
        let before = try stage.text(of: "tenants.json")

        let refused = try [
            add("acme", ["--upstream-token-env", "OTHER"]), add("a b", ["--upstream-token-env", "OTHER"]),
            add("globex", ["--upstream-token-env", "not a name"]),
            add("globex", ["--upstream-token-file", stage.path("none.key")]),
            add("globex", ["--upstream-token-stdin"]),
            add("globex", ["--upstream-token-stdin"], input: "two words"),
            stage.run(["tenant", "add", "globex", "--plan", "gold", "--upstream-token-env", "OTHER"]),
            stage.run(["tenant", "remove", "globex"]),
        ]

        #expect(refused.map(\.status) == Array(repeating: 65, count: 8))
        #expect(refused.allSatisfy { $0.output == "" && !$0.errors.isEmpty })
        #expect(refused.allSatisfy { !$0.errors.contains("two words") })
        #expect(try stage.text(of: "tenants.json") == before)
    }

    @Test func aStoreThatCannotBeWrittenIsStatus73() throws {
        try stage.configure {
            $0["credentials"] = ["store": "none/tenants.json", "pepper": ["file": "pepper.key"]]
        }

        let refused = try add("acme", ["--upstream-token-env", "OTHER"])

        #expect(refused.status == 73)
        #expect(refused.output == "")
        #expect(refused.errors.contains("none/tenants.json"))
    }
}
