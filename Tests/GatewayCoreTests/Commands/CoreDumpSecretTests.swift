import Foundation
import Glibc
import KayleStandIn
import Testing

@testable import GatewayCore

/// A gateway in use, searched for the secrets it works with: its folder, its logs, its metrics, and what is
/// left of it when it crashes.
@Suite(.timeLimit(.minutes(2)))
struct CoreDumpSecretTests {
    private static let key = "kk_acme0secret000000000000000"
    private let standIn: RunningStandIn

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: [Self.key])]))
    }

    /// What a gateway leaves that crashes while a client holds a connection.
    private struct Remains {
        /// Bytes of every file in its folder but the dump, and of what it told while it lived.
        var told: [(name: String, bytes: Data)] = []
        var dump: Data?
        let secrets: [Data]
    }

    private func remains(_ dumps: String) throws -> Remains {
        let stage = try CommandStage(upstream: standIn.url)
        try stage.configure { $0["core_dumps"] = dumps }
        let token = try stage.addTenant("acme", upstreamToken: Self.key)
        let config = stage.path("gateway.json")
        let program = try Program(
            "/bin/sh",
            ["-c", "ulimit -c unlimited; exec '\(Program.gateway)' serve --config '\(config)'"],
            // Swift's own backtrace of a signal that another process sent would go on afterwards.
            environment: ["SWIFT_BACKTRACE": "enable=no"], folder: stage.folder)
        let line = program.errors.first(
            /accepts connections on 127\.0\.0\.1:([0-9]+); admin on 127\.0\.0\.1:([0-9]+)\n/)
        let ready = try #require(line, "\(program.errors.text)")
        let client = try RawConnection(port: try #require(UInt16(ready.1)))
        for target in ["/v1/sessions", "/v1/sessions", "/v1/sessions/none"] {
            client.send("GET \(target) HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n")
            #expect(client.answer().status < 500)
        }
        let admin = try RawConnection(port: try #require(UInt16(ready.2)))
        var remains = Remains(secrets: [Data(Self.key.utf8), Data(token.dropFirst(17).utf8)])
        for target in ["/metrics", "/status"] {
            admin.send(
                "GET \(target) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(CommandStage.adminToken)\r\n\r\n"
            )
            remains.told.append((target, Data(admin.answer().body)))
        }
        program.signal(SIGABRT)
        let finished = try program.finish()
        remains.told.append(("standard error", Data(finished.errors.utf8)))
        for name in try FileManager.default.contentsOfDirectory(atPath: stage.folder) {
            let bytes = try Data(contentsOf: URL(filePath: stage.path(name)))
            if name.hasPrefix("core") { remains.dump = bytes } else { remains.told.append((name, bytes)) }
        }
        return remains
    }

    private func holds(_ bytes: Data, _ secrets: [Data]) -> Bool {
        secrets.contains { bytes.range(of: $0) != nil }
    }

    @Test(arguments: ["off", "without_memory", "on"])
    func noSecretIsFoundInWhatIsLeft(dumps: String) throws {
        let remains = try remains(dumps)

        for (name, bytes) in remains.told { #expect(!holds(bytes, remains.secrets), "\(name)") }
        #expect(remains.told.contains { $0.name == "tenants.json" } && remains.told.count > 6)
        switch dumps {
        case "off": #expect(remains.dump == nil)
        case "without_memory":
            // Where the machine writes dumps elsewhere, or a sanitizer forbids them, there is none to search.
            if let dump = remains.dump { #expect(!holds(dump, remains.secrets)) }
        default:
            // The search finds what is there: memory holds what was just sent.
            if let dump = remains.dump { #expect(holds(dump, remains.secrets)) }
        }
    }
}
