import Foundation
import Testing

@testable import GatewayCore

/// `kayle-gateway token …`: the life of a token from its one appearance to its end.
@Suite(.timeLimit(.minutes(2)))
struct TokenCommandTests {
    private let stage: CommandStage

    init() throws {
        stage = try CommandStage()
        for tenant in ["acme", "globex"] {
            let added = try stage.run(
                ["tenant", "add", tenant, "--plan", "standard", "--upstream-token-env", "KAYLE_KEY"])
            try #require(added.status == 0, "\(added.errors)")
        }
    }

    /// Issues a token; its text and its id.
    private func issue(_ arguments: [String] = []) throws -> (token: String, id: String) {
        let issued = try stage.run(
            ["token", "issue", "--tenant", "acme", "--scope", "sessions:read"] + arguments)
        try #require(issued.status == 0, "\(issued.errors)")
        let token = try #require(issued.output.wholeMatch(of: /(kgw_[0-9A-Za-z]+)\n/)).1
        let id = try #require(issued.errors.firstMatch(of: /token ([0-9a-z]{12}),/)).1
        return (String(token), String(id))
    }

    private func states() throws -> [String: String] {
        let tokens = try stage.document(["token", "list"])["tokens"] as? [[String: Any]] ?? []
        return Dictionary(
            uniqueKeysWithValues: tokens.map { ($0["id"] as? String ?? "", $0["state"] as? String ?? "") })
    }

    @Test func theSecretStandsAloneOnStandardOutputOnceAndNowhereElse() throws {
        let (token, id) = try issue(["--name", "web", "--expires-in", "90d", "--allow", "10.0.0.0/8"])

        let told = try [
            ["token", "list"], ["token", "list", "--json"], ["token", "list", "--tenant", "acme"],
            ["tenant", "list", "--json"], ["token", "revoke", id], ["check"],
        ].map { try stage.run($0) }

        #expect(told.allSatisfy { $0.status == 0 })
        // The id is the public part of a token; what follows it is the secret.
        let secret = try #require(token.range(of: id).map { String(token[$0.upperBound...]) })
        #expect(secret.count >= 32)
        let texts = try told.flatMap { [$0.output, $0.errors] } + [stage.text(of: "tenants.json")]
        #expect(texts.allSatisfy { !$0.contains(secret) && !$0.contains(secret.prefix(16)) })
        #expect(texts.contains { $0.contains(id) })
    }

    @Test func aListTellsEverythingElse() throws {
        let (_, id) = try issue(["--name", "web", "--expires-in", "90d", "--allow", "10.0.0.0/8"])

        let table = try stage.run(["token", "list"])
        let others = try stage.run(["token", "list", "--tenant", "globex"])
        let listed = try stage.document(["token", "list"])

        #expect(table.output.hasPrefix("TOKEN "))
        for word in [id, "acme", "web", "active", "sessions:read", "10.0.0.0/8"] {
            #expect(table.output.contains(word), "\(word)")
        }
        #expect(!others.output.contains(id))
        let token = try #require((listed["tokens"] as? [[String: Any]])?.first)
        #expect(token["id"] as? String == id)
        #expect(token["scopes"] as? [String] == ["sessions:read"])
        #expect(token["allow"] as? [String] == ["10.0.0.0/8"])
        #expect((token["expires_at"] as? String)?.hasSuffix("Z") == true)
        #expect(token["revoked_at"] is NSNull)
    }

    @Test func issuingAndRotatingTellTheSecretInJSONToo() throws {
        let issued = try stage.document(["token", "issue", "--tenant", "acme", "--scope", "sessions:read"])
        let id = try #require(issued["id"] as? String)
        let rotated = try stage.document(["token", "rotate", id, "--overlap", "1h"])

        for document in [issued, rotated] {
            let token = try #require(document["token"] as? String)
            #expect(token.hasPrefix("kgw_1\(document["id"] ?? "")"))
        }
        #expect(issued["expires_at"] is NSNull)
        #expect(issued["token"] as? String != rotated["token"] as? String)
        let revoked = try stage.document(["token", "revoke", id])
        #expect(revoked["revoked"] as? Bool == true)
    }

    @Test func aRotatedTokenLivesOnForTheOverlapAndARevokedOneDoesNot() throws {
        let (_, rotated) = try issue()
        let (_, revoked) = try issue()

        let successor = try stage.run(["token", "rotate", rotated, "--overlap", "1h"])
        let end = try stage.run(["token", "revoke", revoked])

        #expect(successor.status == 0 && end.status == 0)
        #expect(successor.output.wholeMatch(of: /kgw_[0-9A-Za-z]+\n/) != nil)
        #expect(end.output == "")
        let states = try states()
        #expect(states.count == 3)
        #expect(states[rotated] == "active")
        #expect(states[revoked] == "revoked")
        let tokens = try stage.document(["token", "list"])["tokens"] as? [[String: Any]] ?? []
        #expect(tokens.filter { $0["expires_at"] is String }.map { $0["id"] as? String } == [rotated])
    }

    @Test func aTokenWithoutAScopeIsIssuedWithAWarning() throws {
        let issued = try stage.run(["token", "issue", "--tenant", "acme"])

        #expect(issued.status == 0)
        #expect(issued.errors.contains("can do nothing"))
    }

    @Test func unknownTenantsAndTokensAreStatus65() throws {
        let refused = try [
            ["token", "issue", "--tenant", "nobody"], ["token", "list", "--tenant", "nobody"],
            ["token", "revoke", "k3v9k3v9k3v9"], ["token", "rotate", "k3v9k3v9k3v9"],
        ].map { try stage.run($0) }

        #expect(refused.map(\.status) == [65, 65, 65, 65])
        #expect(refused.allSatisfy { $0.output == "" && !$0.errors.isEmpty })
    }

    @Test func aTokenThatNobodyCanReadIsStatus73() throws {
        let issued = try Program.run(
            "/bin/sh",
            [
                "-c",
                "exec '\(Program.gateway)' token issue --tenant acme --config '\(stage.path("gateway.json"))' > /dev/full",
            ])

        #expect(issued.status == 73)
        #expect(!issued.errors.contains("kgw_"))
    }
}
