import ArgumentParser
import GatewayCore
import Settings

/// `tenant add`: one more tenant, with its upstream token.
struct TenantAdd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a tenant.",
        discussion: "A token from standard input is sealed under the pepper before it is written.")

    @Argument(help: "The tenant's id: 1 to 64 of A-Z a-z 0-9 . _ -.")
    var id: String

    @Option(help: "The plan, by its name in the configuration.")
    var plan: String

    @Option(help: "The gateway finds the upstream token in this environment variable.")
    var upstreamTokenEnv: String?

    @Option(help: "The gateway finds the upstream token in this file.")
    var upstreamTokenFile: String?

    @Flag(help: "Read the upstream token from standard input and keep it sealed in the store.")
    var upstreamTokenStdin = false

    @Option(help: "An address or CIDR block its tokens may be used from; may be given more than once.")
    var allow: [AddressBlock] = []

    @Option(help: "What it has in common with tenants that reach the same data upstream.")
    var organization: String?

    @OptionGroup var options: CommandOptions

    private var place: UpstreamTokenOption {
        UpstreamTokenOption(env: upstreamTokenEnv, file: upstreamTokenFile, stdin: upstreamTokenStdin)
    }

    func validate() throws {
        guard place.count == 1 else {
            throw ValidationError(
                "Say where the upstream token is: one of --upstream-token-env NAME, "
                    + "--upstream-token-file PATH and --upstream-token-stdin.")
        }
        guard allow.count <= TokenOrder.maximumBlocks else {
            throw ValidationError("--allow takes at most \(TokenOrder.maximumBlocks) blocks.")
        }
    }

    func run() throws {
        let place = try place.read()
        try options.edit { (editor) throws(AccessFailure) in
            try editor.addTenant(
                id, plan: plan, upstreamToken: place, allow: allow, organization: organization)
        }
        if options.json {
            try options.print(.object(["tenant": .string(id), "plan": .string(plan)])) { "" }
        } else {
            StandardStream.error.writeLine(
                "added the tenant \(id); next: kayle-gateway token issue --tenant \(id) --scope sessions:read"
            )
        }
    }
}
