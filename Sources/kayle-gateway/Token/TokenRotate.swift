import ArgumentParser
import GatewayCore
import HTTPModel
import Settings

/// `token rotate`: prints a successor; the old token works on until the overlap ends.
struct TokenRotate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Issue a token like an old one and print it, this once; the old one ends after the overlap."
    )

    @Argument(help: "The old token's id, as token list shows it: 12 of 0-9 a-z.")
    var tokenID: TokenIDArgument

    @Option(help: "How long the old token works on.")
    var overlap = CommandDuration(.seconds(86_400), shownAs: "24h")

    @OptionGroup var options: CommandOptions

    func run() throws {
        let now = UTCTimestamp(unixSeconds: WallClock.nowSeconds())
        let issued = try options.edit { (editor) throws(AccessFailure) in
            var randomness = SystemRandomness()
            return try editor.rotateToken(
                tokenID.id, overlap: overlap.duration, now: now, randomness: &randomness)
        }
        try options.print(issued)
    }
}
