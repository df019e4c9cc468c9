import ArgumentParser
import GatewayCore
import Settings

/// `token remove`: the store forgets a token; the audit log does not.
struct TokenRemove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take a token out of the store, once nobody asks about it any more.")

    @Argument(help: "The token's id, as token list shows it: 12 of 0-9 a-z.")
    var tokenID: TokenIDArgument

    @OptionGroup var options: CommandOptions

    func run() throws {
        try options.edit { (editor) throws(AccessFailure) in try editor.removeToken(tokenID.id) }
        if options.json {
            try options.print(.object(["id": .string(tokenID.id.text), "removed": .boolean(true)])) { "" }
        } else {
            StandardStream.error.writeLine("removed the token \(tokenID.id.text)")
        }
    }
}
