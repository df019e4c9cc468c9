import Foundation
import HTTPModel
import Testing

@testable import GatewayCore

/// A folder with a configuration as an operator has it, and the commands that work on it.
final class CommandStage {
    let folder: String
    private(set) var configuration: [String: Any]

    /// Makes the folder. `isSecure` gives the listener a certificate.
    init(upstream: String = "http://127.0.0.1:9", isSecure: Bool = false) throws {
        let folder = try #require(PrivateFolder.make(prefix: "kayle-command-test-"))
        self.folder = folder
        var listener: [String: Any] = ["address": "127.0.0.1:0"]
        if isSecure {
            listener["tls"] = ["certificate_chain": "gateway.pem", "private_key": "gateway.key"]
        }
        configuration = [
            "workers": 1, "listeners": [listener],
            "admin": ["address": "127.0.0.1:0", "token": ["file": "admin.token"]],
            "upstream": ["url": upstream],
            "credentials": ["store": "tenants.json", "pepper": ["file": "pepper.key"]],
            "plans": [
                "standard": [
                    "limits": [
                        ["name": "tenant", "by": ["tenant"], "requests": 1_000, "per": "1s", "burst": 1_000]
                    ]
                ]
            ],
            "routes": [
                [
                    "name": "sessions.list", "method": "GET", "path": "/v1/sessions",
                    "scope": "sessions:read", "query": "kayle.sessions.list", "cache": ["ttl": "30s"],
                ],
                ["name": "rest", "path": "/v1/*"],
            ],
            "log": ["access": "./access.log", "level": "warning"], "drain": ["timeout": "10s"],
        ]
        try write(Self.adminToken + "\n", to: "admin.token")
        if isSecure { try renewCertificate() }
        try writeConfiguration()
    }

    deinit {
        // What is left of a test's folder harms nobody.
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What requests to the admin address must show.
    static let adminToken = "adm_0123456789abcdef0123456789abcdef"

    /// The path of a file in the folder.
    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// The text of a file in the folder.
    func text(of name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    }

    /// Changes the configuration and writes it.
    func configure(_ change: (inout [String: Any]) -> Void) throws {
        change(&configuration)
        try writeConfiguration()
    }

    /// Writes the configuration as it would be with another member, under another name.
    func writeVariant(_ name: String, _ change: (inout [String: Any]) -> Void) throws {
        var variant = configuration
        change(&variant)
        try Self.json(variant).write(to: URL(filePath: path(name)))
    }

    /// Puts a fresh certificate and its key in the place of those before.
    func renewCertificate() throws {
        let made = try SelfSignedCertificate.make()
        try write(String(decoding: made.certificate, as: UTF8.self), to: "gateway.pem")
        try write(made.privateKey.withBytes { $0.text }, to: "gateway.key")
    }

    /// Runs a command on the configuration, to its end.
    func run(
        _ arguments: [String], input: String? = nil, environment: [String: String] = [:],
        config: String = "gateway.json"
    ) throws -> Program.Finished {
        try Program.run(
            Program.gateway, arguments + ["--config", path(config)], input: input, environment: environment,
            folder: folder)
    }

    /// Runs a command with `--json`, expects success and gives its document.
    func document(
        _ arguments: [String], input: String? = nil, config: String = "gateway.json",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [String: Any] {
        let finished = try run(arguments + ["--json"], input: input, config: config)
        #expect(finished.status == 0, "\(finished.errors)", sourceLocation: sourceLocation)
        let document = try? JSONSerialization.jsonObject(with: Data(finished.output.utf8))
        return try #require(
            document as? [String: Any], "\(finished.output)", sourceLocation: sourceLocation)
    }

    /// Adds a tenant with a sealed upstream token and issues it a token with these scopes; the token.
    func addTenant(
        _ tenant: String, upstreamToken: String, scopes: [String] = ["sessions:read", "sessions:write"]
    ) throws -> String {
        let added = try run(
            ["tenant", "add", tenant, "--plan", "standard", "--upstream-token-stdin"], input: upstreamToken)
        try #require(added.status == 0, "\(added.errors)")
        let issued = try run(
            ["token", "issue", "--tenant", tenant] + scopes.flatMap { ["--scope", $0] })
        try #require(issued.status == 0, "\(issued.errors)")
        return issued.output.split(separator: "\n").first.map(String.init) ?? ""
    }

    private func writeConfiguration() throws {
        try Self.json(configuration).write(to: URL(filePath: path("gateway.json")))
    }

    private static func json(_ value: [String: Any]) throws -> Data {
        try JSONSerialization.data(
            withJSONObject: value, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }
}

/// A gateway that `kayle-gateway serve` runs in a process of its own.
final class ServedGateway {
    let program: Program
    let port: UInt16
    let adminPort: UInt16

    /// Starts it and waits for the line that says where it accepts connections.
    init(_ stage: CommandStage, environment: [String: String] = [:]) throws {
        program = try Program(
            Program.gateway, ["serve", "--config", stage.path("gateway.json")], environment: environment)
        let line = program.errors.first(
            /accepts connections on 127\.0\.0\.1:([0-9]+); admin on 127\.0\.0\.1:([0-9]+)\n/)
        let ready = try #require(line, "the gateway does not start: \(program.errors.text)")
        port = try #require(UInt16(ready.1))
        adminPort = try #require(UInt16(ready.2))
        // The kernel chose the port, and commands find it in the configuration.
        let address = "127.0.0.1:\(adminPort)"
        try stage.writeVariant("running.json") {
            $0["admin"] = ["address": address, "token": ["file": "admin.token"]]
        }
    }

    /// Asks the admin address with its token.
    func askAdmin(_ target: String) throws -> RawConnection.Answer {
        let client = try RawConnection(port: adminPort)
        client.send(
            "GET \(target) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(CommandStage.adminToken)\r\n\r\n")
        return client.answer()
    }
}
