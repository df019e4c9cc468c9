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

    @OptionGroup var options: CommandOptions

    func validate() throws {
        let given = [upstreamTokenEnv != nil, upstreamTokenFile != nil, upstreamTokenStdin].filter { $0 }
        guard given.count == 1 else {
            throw ValidationError(
                "Say where the upstream token is: one of --upstream-token-env NAME, "
                    + "--upstream-token-file PATH and --upstream-token-stdin.")
        }
    }

    func run() throws {
        let place = try readPlace()
        try options.edit { (editor) throws(AccessFailure) in
            try editor.addTenant(id, plan: plan, upstreamToken: place)
        }
        if options.json {
            try options.print(.object(["tenant": .string(id), "plan": .string(plan)])) { "" }
        } else {
            StandardStream.error.writeLine(
                "added the tenant \(id); next: kayle-gateway token issue --tenant \(id) --scope sessions:read"
            )
        }
    }

    private func readPlace() throws(ExitCode) -> UpstreamTokenPlace {
        if let upstreamTokenEnv { return .environment(upstreamTokenEnv) }
        if let upstreamTokenFile { return .file(try checkedPath(upstreamTokenFile)) }
        guard var bytes = StandardStream.readInput(maximumBytes: 65_536) else {
            throw CommandExit.input("cannot read an upstream token from standard input")
        }
        defer { Secret.wipe(&bytes) }
        let secret = UpstreamToken.trimmed(bytes.span)
        guard UpstreamToken.isUsable(secret) else {
            throw CommandExit.input("the upstream token on standard input is \(UpstreamToken.unusable)")
        }
        return .sealing(secret)
    }

    /// Reads the file once, so that a slip is told now and not by the first client's 401.
    private func checkedPath(_ path: String) throws(ExitCode) -> String {
        let secret: Secret
        do throws(AtomicFileFailure) {
            secret = try UpstreamToken.read(path)
        } catch {
            throw CommandExit.input("cannot read the upstream token: \(error)")
        }
        guard UpstreamToken.isUsable(secret) else {
            throw CommandExit.input("\(path): the upstream token is \(UpstreamToken.unusable)")
        }
        guard let absolute = AtomicFile.absolutePath(path) else {
            throw CommandExit.input("the working directory is gone; give an absolute path")
        }
        return absolute
    }
}
