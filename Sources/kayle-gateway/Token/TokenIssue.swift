import ArgumentParser
import GatewayCore
import HTTPModel
import Settings

/// `token issue`: prints a new token, once and never again.
struct TokenIssue: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue", abstract: "Issue a token and print it, this once, on standard output.",
        discussion: "A token without a scope can do nothing. Scopes: "
            + Scope.allCases.map(\.rawValue).joined(separator: ", ")
            + ". A write scope includes the reads of its area.")

    @Option(help: "The tenant the token acts for.")
    var tenant: String

    @Option(help: "What people call the token.")
    var name = ""

    @Option(help: "What the token may do; may be given more than once.")
    var scope: [Scope] = []

    @Option(help: "How long the token lives, such as 12h or 90d; without it, for ever.")
    var expiresIn: CommandDuration?

    @Option(help: "An address or CIDR block the token may be used from; may be given more than once.")
    var allow: [AddressBlock] = []

    @OptionGroup var options: CommandOptions

    func validate() throws {
        guard order != nil else {
            throw ValidationError(
                "--name takes at most \(TokenOrder.maximumNameBytes) bytes without control characters, "
                    + "--allow at most \(TokenOrder.maximumBlocks) blocks.")
        }
        if let expiresIn, expiresIn.duration < .seconds(1) {
            throw ValidationError("--expires-in takes at least 1s.")
        }
    }

    private var order: TokenOrder? {
        TokenOrder(name: name, scopes: ScopeSet(scope), lifetime: expiresIn?.duration, allow: allow)
    }

    func run() throws {
        guard let order else { preconditionFailure("a command ran that had not been validated") }
        let now = UTCTimestamp(unixSeconds: WallClock.nowSeconds())
        let issued = try options.edit { (editor) throws(AccessFailure) in
            var randomness = SystemRandomNumberGenerator()
            return try editor.issueToken(order, for: tenant, now: now, randomness: &randomness)
        }
        try options.print(issued)
        if scope.isEmpty {
            StandardStream.error.writeLine(
                "the token has no scope and can do nothing; to issue one that can: --scope sessions:read")
        }
    }
}
