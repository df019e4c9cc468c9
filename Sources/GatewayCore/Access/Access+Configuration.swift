package import Settings

extension TrustedProxies {
    /// Reads `trusted_proxies` and `forwarded_field` of the outermost section.
    package init(reading section: SettingsSection) {
        self.init(
            blocks: section.value(
                "trusted_proxies", .list(of: .addressBlock, count: 0...Self.maximumBlocks), default: [],
                "Load balancers that are believed when they name their client; nobody else is."),
            field: section.value(
                "forwarded_field", SettingsKind<Field>.choice, default: .xForwardedFor,
                "The field in which they name it; the other one is not read."))
        if section.isGiven("forwarded_field"), blocks.isEmpty, !section.isFaulty("trusted_proxies") {
            section.mistake(
                "forwarded_field", "nobody is trusted to write it; allowed: beside trusted_proxies")
        }
    }
}

/// Where tenants and the digests of their tokens are kept.
package struct CredentialsConfiguration: Sendable, Hashable {
    /// Path of the tenant store; written by the commands, followed by a running gateway.
    package let storePath: String
    /// The key of the digests, kept outside the store; made at first use if its file is missing.
    package let pepper: SecretSource
    /// The audit log; by default beside the store, with `.audit` behind its name.
    package let auditPath: String
    /// The file of last uses; by default beside the store, with `.last-use` behind its name.
    package let lastUsePath: String
    /// How many failed tokens an address may show.
    package let failedTokens: FailedTokenConfiguration
    /// How long before a token's end answers begin to tell of it [7d].
    package let expiryNotice: Duration

    /// Reads `credentials`.
    package init(reading section: SettingsSection) {
        storePath = section.required(
            "store", .path, "The tenant store; the commands write it and a running gateway follows it.")
        pepper = section.required(
            "pepper", .secret(.later),
            "The key of the token digests; made at first use if its file is missing.")
        auditPath =
            section.optional(
                "audit", .path,
                "Every change to tenants and tokens; left out, beside the store with `.audit` behind its name."
            )
            ?? storePath + ".audit"
        lastUsePath =
            section.optional(
                "last_use", .path,
                "When each token was last used; left out, beside the store with `.last-use` behind its name.")
            ?? storePath + ".last-use"
        expiryNotice = section.value(
            "expiry_notice", .duration(in: .seconds(0) ... .seconds(31_536_000)), default: .seconds(604_800),
            "How long before a token's end its answers carry `Deprecation` and `Sunset`.")
        failedTokens = section.section(
            "failed_tokens", "How many tokens that are not good an address may show; more are 429."
        ) { FailedTokenConfiguration(reading: $0) }
        switch pepper {
        case .environment, .file: break
        case .sealed:
            section.mistake(
                "pepper", "sealed secrets are sealed under the pepper itself; allowed: env or file")
        }
    }
}

/// How many tokens that are not good an address may show before it gets 429.
package struct FailedTokenConfiguration: Sendable, Hashable {
    /// So many at once, and per `period` [60].
    package let attempts: Int
    /// The time in which they grow back [1m].
    package let period: Duration

    /// Makes a configuration; both are positive, and there is at most one attempt in a nanosecond.
    package init(attempts: Int, period: Duration) {
        self.attempts = attempts
        self.period = period
    }

    /// Reads `credentials.failed_tokens`.
    package init(reading section: SettingsSection) {
        attempts = section.value(
            "attempts", .integer(in: 1...1_000_000), default: 60,
            "Failed tokens granted at once and per time, for each IPv4 address and IPv6 /64.")
        period = section.value(
            "per", .duration(in: .seconds(1) ... .seconds(86_400)), default: .seconds(60),
            "The time in which they are granted.")
    }
}
