import ArgumentParser
import GatewayCore
import HTTPModel
import Settings

/// `token revoke`: the token is good no more, now and for ever.
struct TokenRevoke: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "revoke", abstract: "Revoke a token.")

    @Argument(help: "The token's id, as token list shows it: 12 of 0-9 a-z.")
    var tokenID: TokenIDArgument

    @OptionGroup var options: CommandOptions

    func run() throws {
        let now = UTCTimestamp(unixSeconds: WallClock.nowSeconds())
        try options.edit { (editor) throws(AccessFailure) in try editor.revokeToken(tokenID.id, now: now) }
        if options.json {
            try options.print(.object(["id": .string(tokenID.id.text), "revoked": .boolean(true)])) { "" }
        } else {
            StandardStream.error.writeLine("revoked the token \(tokenID.id.text)")
        }
    }
}
