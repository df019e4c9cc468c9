package import Settings

/// Where tenants and the digests of their tokens are kept.
package struct CredentialsConfiguration: Sendable, Hashable {
    /// Path of the tenant store; written by the commands, followed by a running gateway.
    package let storePath: String
    /// The key of the digests, kept outside the store; made at first use if its file is missing.
    package let pepper: SecretSource

    /// Reads `credentials`.
    package init(reading section: SettingsSection) {
        storePath = section.required(
            "store", .path, "The tenant store; the commands write it and a running gateway follows it.")
        pepper = section.required(
            "pepper", .secret(.later),
            "The key of the token digests; made at first use if its file is missing.")
        switch pepper {
        case .environment, .file: break
        case .sealed:
            section.mistake(
                "pepper", "sealed secrets are sealed under the pepper itself; allowed: env or file")
        }
    }
}
