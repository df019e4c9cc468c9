import Foundation
import Testing

/// The commands of docs/tenants.md, run in the order of the page: what it shows is what happens.
@Suite(.timeLimit(.minutes(5)))
struct TenantsPageTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/tenants.md").standardizedFileURL

    /// One command of the page and what the page shows below it.
    private struct Step {
        let command: String
        var shown: [String] = []
    }

    private func steps() throws -> [Step] {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        var steps: [Step] = []
        var isInside = false
        for line in text.components(separatedBy: "\n") {
            if line.hasPrefix("```") {
                isInside.toggle()
                if isInside { steps.append(Step(command: "")) }
            } else if isInside, line.hasPrefix("$ ") {
                steps.append(Step(command: String(line.dropFirst(2))))
            } else if isInside, !steps.isEmpty, !line.isEmpty {
                steps[steps.count - 1].shown.append(line)
            }
        }
        return steps.filter { !$0.command.isEmpty }
    }

    @Test func everyCommandDoesWhatThePageShows() throws {
        let folder = try CommandFolder()
        try "kk_live_globex\n".write(toFile: folder["globex.key"], atomically: true, encoding: .utf8)
        try "kk_live_next\n".write(toFile: folder["acme-next.key"], atomically: true, encoding: .utf8)
        let steps = try steps()
        var names: [(shown: String, real: String)] = []
        // The page leaves out what every command in this folder would need.
        let script = "#!/bin/sh\nexec '\(CommandFolder.executable)' \"$@\" --config gateway.json\n"
        try script.write(toFile: folder["kayle-gateway"], atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: folder["kayle-gateway"])
        #expect(steps.count > 15)

        for step in steps {
            var command = step.command.replacing(/\s+#.*/, with: "").replacing(
                "kk_live_…", with: "kk_live_acme")
            for (shown, real) in names { command = command.replacing(shown, with: real) }

            let outcome = try folder.run(
                "/bin/sh", ["-c", "{ \(command); } 2>&1"],
                environment: ["PATH": "\(folder.path):/usr/bin:/bin"])

            #expect(outcome.status == 0, "\(command): \(outcome.output)")
            let real = outcome.output.split(separator: "\n").map(String.init)
            for (shown, real) in zip(step.shown, real) where shown.hasPrefix("token ") {
                names.append((Self.id(shown), Self.id(real)))
            }
            let isShown = !step.shown.isEmpty
            #expect(
                !isShown
                    || Self.shape(step.shown, names.map(\.shown)) == Self.shape(real, names.map(\.real)),
                "\(command):\n\(outcome.output)")
        }
    }

    private static func id(_ line: String) -> String {
        String(line.split(separator: " ").dropFirst().first?.prefix(12) ?? "")
    }

    /// The lines without what is another one each time: ids, times, secrets, hashes, and the columns' width.
    /// One id in fifty has no digit, and looks like a word: `ids` are those that are known.
    private static func shape(_ lines: [String], _ ids: [String]) -> [String] {
        lines.map { line in
            ids.reduce(line.replacing(/kgw_1[0-9a-z]{50}/, with: "TOKEN")) { $0.replacing($1, with: "ID") }
                .replacing(/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/, with: "TIME")
                .replacing(/\b[0-9a-f]{64}\b/, with: "HASH").replacing(/[0-9a-f]{4,}…/, with: "HASH")
                .replacing(/"sealed": "[^"]*"/, with: "SEALED")
                .replacing(/\b[A-Za-z0-9_\-]{8}(, [A-Za-z0-9_\-]{8})+$/, with: "PEPPERS")
                .replacing(/\b(?=[a-z]*[0-9])[0-9a-z]{12}\b/, with: "ID")
                .replacing(/\s+/, with: " ")
        }
    }
}
