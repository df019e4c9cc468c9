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

    @Option(help: "When the token's life begins, such as 2026-12-01T00:00:00Z; without it, at once.")
    var notBefore: CommandTime?

    @Option(help: "An address or CIDR block the token may be used from; may be given more than once.")
    var allow: [AddressBlock] = []

    @Option(
        help:
            "The largest limit (rows a page) the token may ask for; without it, as large as the route takes.")
    var maxLimit: Int?

    @Option(help: "A route the token may use, by its name in the configuration; may be given more than once.")
    var route: [String] = []

    @OptionGroup var options: CommandOptions

    func validate() throws {
        guard order != nil else {
            throw ValidationError(
                "--name takes at most \(TokenOrder.maximumNameBytes) bytes without control characters, "
                    + "--allow at most \(TokenOrder.maximumBlocks) blocks, --max-limit 1 to "
                    + "\(TokenCeilings.largestLimit), --route at most \(TokenCeilings.maximumRoutes) names.")
        }
        if let expiresIn, expiresIn.duration < .seconds(1) {
            throw ValidationError("--expires-in takes at least 1s.")
        }
    }

    private var order: TokenOrder? {
        guard let ceilings = TokenCeilings(maximumLimit: maxLimit, routes: route) else { return nil }
        var order = TokenOrder(
            name: name, scopes: ScopeSet(scope), lifetime: expiresIn?.duration, allow: allow,
            ceilings: ceilings)
        order?.notBefore = notBefore?.time
        return order
    }

    func run() throws {
        guard let order else { preconditionFailure("a command ran that had not been validated") }
        let now = UTCTimestamp(unixSeconds: WallClock.nowSeconds())
        let issued = try options.edit { (editor) throws(AccessFailure) in
            var randomness = SystemRandomness()
            return try editor.issueToken(order, for: tenant, now: now, randomness: &randomness)
        }
        try options.print(issued)
        if scope.isEmpty {
            StandardStream.error.writeLine(
                "the token has no scope and can do nothing; to issue one that can: --scope sessions:read")
        }
    }
}
