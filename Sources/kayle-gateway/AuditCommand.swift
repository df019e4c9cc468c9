import ArgumentParser
import GatewayCore
import Settings

/// `audit`: what was done to tenants and tokens.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check the log of every change to tenants and tokens.",
        subcommands: [AuditVerify.self])
}

/// `audit verify`: finds the first line that does not carry the hash of the one before.
struct AuditVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Find the first broken line of the audit log.",
        discussion:
            "Prints the hash of the last line. Kept elsewhere, it shows later whether lines at the end "
            + "are missing.")

    @OptionGroup var options: CommandOptions

    func run() throws {
        let (path, verdict) = try options.edit { (editor) throws(AccessFailure) in
            (editor.auditPath, try editor.verifyAudit())
        }
        switch verdict {
        case .whole(let lineCount, let head, let describesStore):
            if !describesStore {
                StandardStream.error.writeLine(
                    "the store was changed since by other means than the commands; the next command notes it")
            }
            let document: JSONValue = .object([
                "ok": .boolean(true), "lines": .integer(Int64(lineCount)),
                "head": head.map { .string($0) } ?? .null, "describes_store": .boolean(describesStore),
            ])
            try options.print(document) {
                "\(lineCount) lines, none broken; the last one's hash: \(head ?? "-")\n"
            }
        case .broken(let line, let why):
            throw CommandExit.input("\(path):\(line): \(why)")
        }
    }
}
