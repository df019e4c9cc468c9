import ArgumentParser
import GatewayCore
import Settings

/// `purge`: takes entries of a tenant out of the running gateway's cache, or makes them stale.
struct PurgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Take a tenant's entries out of the running gateway's cache.")

    @Option(help: "Whose entries.")
    var tenant: String

    @Option(help: "Of which route only.")
    var route: String?

    @Flag(help: "Leave them for what stale answers are good for, instead of taking them out.")
    var soft = false

    @OptionGroup var options: CommandOptions

    func run() throws {
        var members = [JSONMember("tenant", .string(tenant))]
        if let route { members.append(JSONMember("route", .string(route))) }
        if soft { members.append(JSONMember("soft", .boolean(true))) }
        let answer = try AdminClient(options).ask(
            "/purge", content: JSONText.pretty(JSONValue(.object(members))))
        // What cannot be read is printed as it came.
        guard let document = try? JSONDocument(answer),
            case .number(let count) = document.root["purged"]?.content
        else { throw CommandExit.internalError(String(decoding: answer, as: UTF8.self)) }
        try options.print(document.root) { soft ? "made \(count.text) stale\n" : "purged \(count.text)\n" }
    }
}
