package import Settings

/// Where operators ask the gateway, and what they must show.
package struct AdminConfiguration: Sendable, Hashable {
    /// The address of health, metrics, status and purge [127.0.0.1:9443].
    package let address: SocketAddress
    /// The token that requests must carry; absent, only a loopback address is allowed.
    package let token: SecretSource?

    /// The setting of the token, and what a sealed one is bound to.
    package static let tokenField = "admin.token"

    /// Reads `admin`.
    package init(reading section: SettingsSection) {
        let loopback = SocketAddress(address: IPAddress(ipv4: 0x7F00_0001), port: 9_443)
        address = section.value(
            "address", .address, default: loopback, "The address of health, metrics, status and purge.")
        token = section.optional(
            "token", .secret(.required), "What a request must carry as its bearer token.")
        // Whoever reaches the admin address may purge and sees every tenant's name.
        if token == nil, !section.isGiven("token"), !address.address.isLoopback {
            section.mistake(
                "address",
                "\(address.text) is not a loopback address; allowed: 127.0.0.1 or ::1, or any with a token"
            )
        }
    }
}
