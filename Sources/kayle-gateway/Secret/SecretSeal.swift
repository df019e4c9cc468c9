import ArgumentParser
import GatewayCore
import Settings

/// `secret seal`: turns a value on standard input into the reference that goes into the store, for stores
/// that are written by configuration management.
struct SecretSeal: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Seal a value from standard input for one place, and print the reference.",
        discussion: "What is sealed for one place opens in no other. Without --tenant it is for a setting of "
            + "the configuration, such as --field admin.token.")

    @Option(help: "The tenant whose setting it is for.")
    var tenant: String?

    @Option(help: "The setting: upstream_token, upstream_token_next, or admin.token without a tenant.")
    var field = StoredTenant.upstreamTokenField

    @OptionGroup var options: CommandOptions

    func validate() throws {
        let allowed =
            tenant == nil
            ? [AdminConfiguration.tokenField]
            : [StoredTenant.upstreamTokenField, StoredTenant.upstreamTokenNextField]
        guard allowed.contains(field) else {
            throw ValidationError(
                "--field takes \(allowed.joined(separator: " or ")) \(tenant == nil ? "without" : "with") --tenant."
            )
        }
        if let tenant, !SettingsName.isName(tenant) {
            throw ValidationError("--tenant takes 1 to 64 of A-Z a-z 0-9 . _ -.")
        }
    }

    func run() throws {
        let secret = try UpstreamTokenOption.readInput()
        let sealed = try options.edit { (editor) throws(AccessFailure) in
            try editor.seal(secret, for: SealingContext(tenant: tenant ?? "", field: field))
        }
        let document: JSONValue = .object(["sealed": .string(sealed)])
        try options.print(document) { String(decoding: JSONText.pretty(document), as: UTF8.self) }
    }
}
