import Foundation

/// A folder with a configuration in it, and the commands run as a script runs them.
final class CommandFolder: Sendable {
    let path: String

    /// What a command left behind.
    struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "kgw-commands-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        path = url.path(percentEncoded: false)
        try """
        {
          "listeners": [ { "address": "127.0.0.1:0" } ],
          "upstream": { "url": "https://api.kayle.id" },
          "credentials": { "store": "tenants.json", "pepper": { "file": "pepper.key" } },
          "plans": { "standard": { "limits": [] } },
          "routes": [
            { "name": "sessions.list", "method": "GET", "path": "/v1/sessions", "scope": "sessions:read",
              "query": "kayle.sessions.list", "cache": { "ttl": "5s" } },
            { "name": "rest", "path": "/v1/*" }
          ]
        }
        """.write(toFile: self["gateway.json"], atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in the folder.
    subscript(name: String) -> String { path + "/" + name }

    /// The text of a file; empty if it is not there.
    func text(_ name: String) -> String { (try? String(contentsOfFile: self[name], encoding: .utf8)) ?? "" }

    // The executable lies beside the test bundle, since this target depends on it.
    static let executable = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appending(path: "kayle-gateway").path(percentEncoded: false)

    /// Runs a command of the gateway on this folder's configuration.
    func run(_ arguments: [String], input: String = "") throws -> Outcome {
        try run(Self.executable, arguments + ["--config", self["gateway.json"]], input: input)
    }

    /// Runs any program in this folder.
    func run(
        _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: path)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (output, errors, source) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = source
        try process.run()
        source.fileHandleForWriting.write(Data(input.utf8))
        try source.fileHandleForWriting.close()
        // No command of these writes more than a pipe holds.
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            output: String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self),
            errors: String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
    }
}
