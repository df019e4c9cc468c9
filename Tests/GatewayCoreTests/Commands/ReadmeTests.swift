import Foundation
import Glibc
import Testing

@testable import GatewayCore

/// What the README shows is what happens: its lines are run, and its shown output is compared.
@Suite(.timeLimit(.minutes(2)))
struct ReadmeTests {
    private let readme: String

    init() throws { readme = try RecordedFile("README.md").text }

    /// The fenced blocks below a heading.
    private func blocks(below heading: String) throws -> [[String]] {
        let start = try #require(readme.range(of: "\n## \(heading)\n"))
        let section = readme[start.upperBound...].split(separator: "\n## ")[0]
        return section.components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }.map {
            $0.element.split(separator: "\n").map(String.init)
        }
    }

    @Test func everyMakeTargetThatItNamesExists() throws {
        let makefile = try RecordedFile("Makefile").text
        let targets = readme.matches(of: /(?m)(?:`|^)make ([a-z]+)\b/).map { String($0.1) }

        #expect(targets.contains("run") && targets.contains("test"))
        for target in targets { #expect(makefile.contains("\n\(target): "), "make \(target)") }
    }

    @Test func everyPageThatItNamesExists() throws {
        let links = readme.matches(of: /\]\(([^)#]+)\)/).map { String($0.1) }.filter { !$0.contains("://") }

        #expect(links.count > 8)
        for link in links {
            let path = RecordedFile.repository.appending(path: link).path
            #expect(FileManager.default.fileExists(atPath: path), "\(link)")
        }
    }

    @Test func theCommandsOfUseItWorkAsTheyAreWritten() throws {
        let lines = try #require(blocks(below: "Use it").first)
        let commands = lines.map { $0.split(separator: " #")[0].trimmingCharacters(in: .whitespaces) }
        try #require(commands.count == 5)
        #expect(commands[0].hasPrefix("swift build -c release"))
        let package = try RecordedFile("Package.swift").text
        #expect(
            package.contains("name: \"kayle-gateway\"") && commands[0].hasSuffix("--product kayle-gateway"))
        let machine = try Machine()

        let check = try machine.paste(commands[1])
        let add = try machine.paste(commands[2])
        let issue = try machine.paste(commands[3])
        let serve = try machine.begin(commands[4])
        let isReady = serve.errors.first(/accepts connections on (\S+); admin on (\S+)\n/) != nil
        serve.signal(SIGTERM)
        let served = try serve.finish()

        #expect(check.status == 0, "\(check.errors)")
        #expect(add.status == 0, "\(add.errors)")
        #expect(issue.status == 0, "\(issue.errors)")
        #expect(issue.output.hasPrefix("kgw_"))
        #expect(isReady, "\(serve.errors.text)")
        #expect(served.status == 0)
    }

    @Test func theOutputItShowsIsTheDemosButForWhatChangesEachTime() throws {
        let shown = try blocks(below: "Run it")
        try #require(shown.count == 3)
        let demo = try Program(
            Program.gateway, ["demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        let start = try #require(demo.output.first(/(?s)\A.*\n# 3/), "\(demo.errors.text)")
        let curl = start.0.split(separator: "\n").filter { $0.hasPrefix("curl") }.map(String.init)

        let first = try Program.run("/bin/sh", ["-c", try #require(curl.first)])
        let second = try Program.run("/bin/sh", ["-c", try #require(curl.last)])

        let printed = start.0.split(separator: "\n").map(String.init).dropLast()
        #expect(first.status == 0)
        #expect(shown[1].map(Self.blurred) == printed.map(Self.blurred))
        let head = second.output.split(separator: "\r\n").map(String.init)
        #expect(shown[2].map(Self.blurred) == head.map(Self.blurred))
    }

    /// A line without what differs from run to run: names, secrets, ports, dates and counts.
    private static func blurred(_ line: String) -> String {
        line.replacing(/kayle-gateway-demo-\w+/, with: "FOLDER").replacing(/kgw_[\w…]+/, with: "TOKEN")
            .replacing(/127\.0\.0\.1:[0-9]+/, with: "ADDRESS")
            .replacing(/^(X-Request-Id|Date|ETag): .*/, with: { "\($0.1)" })
            .replacing(/\b(max-age|ttl|r|t)=[0-9]+/, with: { "\($0.1)" })
            .replacing(/^(Content-Length|Age): [0-9]+/, with: { "\($0.1)" })
    }
}

/// A folder in which the lines of a page can be pasted: the program on the path, the configuration of the
/// repository, and what that names. Ports are left to the kernel.
private struct Machine {
    private let folder: String
    private let stage: CommandStage

    init() throws {
        stage = try CommandStage(isSecure: true)
        folder = stage.folder
        for name in ["config/tls", "bin"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/bin/kayle-gateway", withDestinationPath: Program.gateway)
        for name in ["gateway.pem", "gateway.key"] {
            try stage.write(stage.text(of: name), to: "config/tls/\(name)")
        }
        try stage.write(CommandStage.adminToken, to: "config/admin.token")
        try stage.write("kk_acme", to: "acme.key")
        let configuration = try RecordedFile("config/gateway.json").text
        try stage.write(
            configuration.replacing("0.0.0.0:8443", with: "127.0.0.1:0")
                .replacing("127.0.0.1:9443", with: "127.0.0.1:0"),
            to: "config/gateway.json")
    }

    /// Starts what a line says.
    func begin(_ line: String) throws -> Program {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        // The shell becomes the program, so that signals reach it.
        return try Program(
            "/bin/sh", ["-c", "exec \(line)"], environment: ["PATH": "\(folder)/bin:\(path)"], folder: folder)
    }

    /// Runs a line to its end.
    func paste(_ line: String) throws -> Program.Finished { try begin(line).finish() }
}
