import ArgumentParser
import GatewayCore
import Settings

/// `tenant remove`: the tenant and all of its tokens are gone; a running gateway refuses them at once.
struct TenantRemove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a tenant and all of its tokens.")

    @Argument(help: "The tenant's id.")
    var id: String

    @OptionGroup var options: CommandOptions

    func run() throws {
        try options.edit { (editor) throws(AccessFailure) in try editor.removeTenant(id) }
        if options.json {
            try options.print(.object(["tenant": .string(id), "removed": .boolean(true)])) { "" }
        } else {
            StandardStream.error.writeLine("removed the tenant \(id) and its tokens")
        }
    }
}
