import Foundation
import Testing

@testable import GatewayCore

/// The program as a whole: its commands, their help, and what it says to wrong usage.
@Suite(.timeLimit(.minutes(2)))
struct KayleGatewayTests {
    private static let commands = [
        ["serve"], ["check"], ["demo"], ["tenant"], ["tenant", "add"], ["tenant", "list"],
        ["tenant", "remove"],
        ["token"], ["token", "issue"], ["token", "list"], ["token", "revoke"], ["token", "rotate"], ["purge"],
        ["status"], ["version"],
    ]

    @Test(arguments: commands) func everyCommandHasHelpOnStandardOutput(command: [String]) throws {
        let helped = try Program.run(Program.gateway, command + ["--help"])

        #expect(helped.status == 0)
        #expect(helped.output.contains("USAGE: kayle-gateway \(command.joined(separator: " "))"))
        #expect(helped.errors == "")
    }

    @Test(arguments: [
        ["serv"], ["--config", "x"], ["serve", "--port", "1"], ["serve", "--config"], ["check", "extra"],
        ["demo", "--listen", "0.0.0.0:8443"], ["demo", "--admin", "localhost"],
        ["tenant", "add", "acme", "--upstream-token-stdin"], ["tenant", "add", "acme", "--plan", "standard"],
        ["tenant", "add", "acme", "--plan", "p", "--upstream-token-env", "A", "--upstream-token-stdin"],
        ["tenant", "remove"], ["token", "issue"], ["token", "issue", "--tenant", "a", "--scope", "sessions"],
        ["token", "issue", "--tenant", "a", "--expires-in", "soon"],
        ["token", "issue", "--tenant", "a", "--expires-in", "999ms"],
        ["token", "issue", "--tenant", "a", "--allow", "10.0.0.0/33"], ["token", "revoke", "UPPERCASE123"],
        ["token", "rotate", "k3v9", "--overlap", "1h"],
        ["token", "rotate", "k3v9k3v9k3v9", "--overlap", "1 hour"], ["purge"], ["version", "--watch"],
    ])
    func wrongUsageIsStatus64AndToldOnStandardError(arguments: [String]) throws {
        let refused = try Program.run(Program.gateway, arguments)

        #expect(refused.status == 64)
        #expect(refused.output == "")
        #expect(refused.errors.hasPrefix("Error: "))
    }

    @Test(arguments: [
        ["tenant", "list"], ["token", "list"], ["serve"], ["purge", "--tenant", "acme"], ["status"],
        ["token", "issue", "--tenant", "acme"], ["tenant", "remove", "acme"],
    ])
    func aConfigurationThatCannotBeUsedIsStatus78(command: [String]) throws {
        let stage = try CommandStage()
        try stage.configure { $0["upstream"] = nil }

        let missing = try stage.run(command, config: "none.json")
        let wrong = try stage.run(command)

        #expect(missing.status == 78)
        #expect(missing.output == "")
        #expect(missing.errors.contains("none.json"))
        #expect(wrong.status == 78)
        #expect(wrong.output == "")
        #expect(wrong.errors.contains("gateway.json:") && wrong.errors.contains("upstream"))
    }
}
