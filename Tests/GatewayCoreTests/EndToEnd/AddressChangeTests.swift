import Foundation
import Testing

@testable import GatewayCore

/// The upstream moves: its name leads elsewhere, and requests follow.
///
/// The gateway runs with an `/etc/hosts` of its own, for which it takes a user who may mount: root, or any
/// where the kernel lets users have namespaces.
@Suite(.timeLimit(.minutes(2)))
struct AddressChangeTests {
    private static let privateMounts = ["--mount", "--user", "--map-root-user"]

    private static var mayMount: Bool {
        let trial = privateMounts + ["mount", "--bind", "/etc/hosts", "/etc/hosts"]
        return (try? Program.run("/usr/bin/unshare", trial))?.status == 0
    }

    /// A server with TLS on 127.0.0.`host` that answers from a folder: `openssl s_server -HTTP`.
    private static func place(
        _ name: String, host: Int, port: Int = 0, _ stage: CommandStage
    ) throws -> (server: Program, port: Int) {
        try FileManager.default.createDirectory(
            atPath: stage.path("\(name)/v1"), withIntermediateDirectories: true)
        try stage.write(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: \(name.utf8.count)\r\n\r\n\(name)",
            to: "\(name)/v1/webhooks")
        let server = try Program(
            "/usr/bin/openssl",
            [
                "s_server", "-HTTP", "-accept", "127.0.0.\(host):\(port)", "-cert", stage.path("api.pem"),
                "-key", stage.path("api.key"),
            ], folder: stage.path(name))
        // It says the port if it has chosen it.
        let line = server.output.first(/ACCEPT(?: 127\.0\.0\.[0-9]+:([0-9]+))?\n/)
        let accepts = try #require(line, "\(server.errors.text)")
        return (server, accepts.1.flatMap { Int($0) } ?? port)
    }

    private static func makeCertificate(_ stage: CommandStage) throws {
        let made = try Program.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-keyout", stage.path("api.key"), "-out", stage.path("api.pem"),
                "-subj", "/CN=upstream", "-addext", "subjectAltName=DNS:api.kayle.test",
            ])
        #expect(made.status == 0, "\(made.errors)")
    }

    @Test(.enabled(if: mayMount, "this user may not mount")) func requestsFollowAnUpstreamThatMoves() throws {
        let stage = try CommandStage()
        try Self.makeCertificate(stage)
        let before = try Self.place("before", host: 1, stage)
        let after = try Self.place("after", host: 2, port: before.port, stage)
        try stage.configure {
            $0["upstream"] = [
                "url": "https://api.kayle.test:\(before.port)", "ca_file": "api.pem", "name_lifetime": "1s",
            ]
        }
        try stage.write("127.0.0.1 api.kayle.test\n", to: "hosts")
        let token = try stage.addTenant("acme", upstreamToken: "kk_acme0secret000000000000000")
        let program = try Program(
            "/usr/bin/unshare",
            Self.privateMounts + [
                "/bin/sh", "-c",
                "mount --bind hosts /etc/hosts && exec '\(Program.gateway)' serve --config gateway.json",
            ], folder: stage.folder)
        let line = program.errors.first(/accepts connections on 127\.0\.0\.1:([0-9]+);/)
        let ready = try #require(line, "\(program.errors.text)")
        let client = try RawConnection(port: try #require(UInt16(ready.1)))
        func ask() -> String {
            client.send("GET /v1/webhooks HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n")
            return client.answer().text
        }

        let first = ask()
        // In place: a mount follows the file and not its name.
        let file = try FileHandle(forWritingTo: URL(filePath: stage.path("hosts")))
        try file.write(contentsOf: Data("127.0.0.2 api.kayle.test\n".utf8))
        try file.close()

        #expect(first == "before")
        #expect(eventually { ask() == "after" })
        #expect(ask() == "after")
        program.signal(SIGTERM)
        #expect(try program.finish().status == 0)
        for place in [before, after] { place.server.signal(SIGKILL) }
    }
}
