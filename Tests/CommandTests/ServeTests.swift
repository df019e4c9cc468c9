import Foundation
import Testing

/// The gateway as a process of its own: what it says and what the system lets others see of it.
@Suite(.timeLimit(.minutes(2)))
struct ServeTests {
    private let folder: CommandFolder
    private let process = Process()
    private let errors = Pipe()
    private let admin: String

    init() throws {
        folder = try CommandFolder()
        let text = folder.text("gateway.json").replacing(
            #""upstream":"#, with: #""admin": { "address": "127.0.0.1:0" }, "upstream":"#)
        try text.write(toFile: folder["gateway.json"], atomically: true, encoding: .utf8)
        let added = try folder.run(
            ["tenant", "add", "acme", "--plan", "standard", "--upstream-token-stdin"], input: "kk_live_acme\n"
        )
        #expect(added.status == 0, "\(added.errors)")
        process.executableURL = URL(filePath: CommandFolder.executable)
        process.arguments = ["serve", "--config", folder["gateway.json"]]
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let line = Self.lines(errors, until: "admin on ")
        admin = String(line.components(separatedBy: "admin on ").last?.prefix { $0 != "\n" } ?? "")
    }

    /// Reads until a text has come, or the end.
    private static func lines(_ pipe: Pipe, until text: String) -> String {
        var all = ""
        while !all.contains(text) {
            let piece = pipe.fileHandleForReading.availableData
            if piece.isEmpty { break }
            all += String(decoding: piece, as: UTF8.self)
        }
        return all
    }

    private func ask(_ path: String) throws -> String {
        try folder.run("/usr/bin/curl", ["-sS", "http://\(admin)\(path)"]).output
    }

    @Test func aCorruptStoreIsToldInLogMetricAndStatusAndTheOldOneStays() throws {
        defer { process.terminate() }
        let whole = folder.text("tenants.json")

        try String(whole.prefix(whole.count / 2)).write(
            toFile: folder["tenants.json"], atomically: true, encoding: .utf8)
        let log = Self.lines(errors, until: "the one before stays in use")
        let status = try ask("/status")
        let metrics = try ask("/metrics")
        try whole.write(toFile: folder["tenants.json"], atomically: true, encoding: .utf8)
        _ = Self.lines(errors, until: "tenant store read: 1 tenants")

        #expect(log.contains(#""level":"error""#) && log.contains("tenants.json:"))
        #expect(
            status.contains(#""tenant_store_failure": "#)
                && !status.contains(#""tenant_store_failure": null"#))
        #expect(status.contains(#""id": "acme""#))
        #expect(metrics.contains(#"kayle_gateway_reloads_total{result="store_failed"} 1"#))
        #expect(try ask("/status").contains(#""tenant_store_failure": null"#))
        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
