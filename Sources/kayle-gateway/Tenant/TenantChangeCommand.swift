import ArgumentParser
import GatewayCore
import Settings

/// `tenant change`: another plan, other addresses, other upstream tokens, without a moment in which the
/// tenant is missing.
struct TenantChangeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "change", abstract: "Change a tenant: its plan, addresses or upstream tokens.",
        discussion:
            "To rotate a token at the upstream: add the new one with --next-upstream-token-…, end the "
            + "old one there (the new one takes over by itself), then --promote-next-upstream-token.")

    @Argument(help: "The tenant's id.")
    var id: String

    @Option(help: "Another plan, by its name in the configuration.")
    var plan: String?

    @Option(
        help:
            "An address or CIDR block its tokens may be used from, instead of those before; may be repeated.")
    var allow: [AddressBlock] = []

    @Flag(help: "Its tokens may be used from everywhere, as far as they say nothing else.")
    var allowAny = false

    @Option(help: "The gateway finds the upstream token in this environment variable.")
    var upstreamTokenEnv: String?

    @Option(help: "The gateway finds the upstream token in this file.")
    var upstreamTokenFile: String?

    @Flag(help: "Read the upstream token from standard input and keep it sealed in the store.")
    var upstreamTokenStdin = false

    @Option(help: "The second upstream token is in this environment variable.")
    var nextUpstreamTokenEnv: String?

    @Option(help: "The second upstream token is in this file.")
    var nextUpstreamTokenFile: String?

    @Flag(help: "Read the second upstream token from standard input and keep it sealed in the store.")
    var nextUpstreamTokenStdin = false

    @Flag(help: "The second upstream token becomes the first.")
    var promoteNextUpstreamToken = false

    @Flag(help: "There is no second upstream token any more.")
    var removeNextUpstreamToken = false

    @Option(help: "What it has in common with tenants that reach the same data upstream.")
    var organization: String?

    @Flag(help: "It has nothing in common with other tenants.")
    var noOrganization = false

    @OptionGroup var options: CommandOptions

    private var first: UpstreamTokenOption {
        UpstreamTokenOption(env: upstreamTokenEnv, file: upstreamTokenFile, stdin: upstreamTokenStdin)
    }

    private var next: UpstreamTokenOption {
        UpstreamTokenOption(
            env: nextUpstreamTokenEnv, file: nextUpstreamTokenFile, stdin: nextUpstreamTokenStdin)
    }

    func validate() throws {
        let ofNext = next.count + (promoteNextUpstreamToken ? 1 : 0) + (removeNextUpstreamToken ? 1 : 0)
        guard first.count <= 1, ofNext <= 1 else {
            throw ValidationError("Say once where each upstream token is, or what becomes of it.")
        }
        guard !(upstreamTokenStdin && nextUpstreamTokenStdin) else {
            throw ValidationError("Standard input holds one upstream token; change them one after the other.")
        }
        guard !allowAny || allow.isEmpty, allow.count <= TokenOrder.maximumBlocks else {
            throw ValidationError(
                "--allow at most \(TokenOrder.maximumBlocks) blocks, and not beside --allow-any.")
        }
        guard organization == nil || !noOrganization else {
            throw ValidationError("Say --organization NAME or --no-organization, not both.")
        }
        let isOrganization = organization != nil || noOrganization
        guard plan != nil || isOrganization || allowAny || !allow.isEmpty || first.count + ofNext > 0 else {
            throw ValidationError("Say what shall be otherwise; see: kayle-gateway tenant change --help")
        }
    }

    func run() throws {
        var change = TenantChange(plan: plan)
        if allowAny || !allow.isEmpty { change.allow = allow }
        if first.count > 0 { change.upstreamToken = try first.read() }
        if next.count > 0 { change.nextUpstreamToken = .set(try next.read()) }
        if let organization { change.organization = .set(organization) }
        if noOrganization { change.organization = .removed }
        if promoteNextUpstreamToken { change.nextUpstreamToken = .promoted }
        if removeNextUpstreamToken { change.nextUpstreamToken = .removed }
        let ordered = change
        try options.edit { (editor) throws(AccessFailure) in try editor.changeTenant(id, ordered) }
        if options.json {
            try options.print(.object(["tenant": .string(id), "changed": .boolean(true)])) { "" }
        } else {
            StandardStream.error.writeLine("changed the tenant \(id)")
        }
    }
}
