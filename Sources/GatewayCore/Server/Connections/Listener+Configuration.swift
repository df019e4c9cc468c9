package import Settings

/// One address that clients connect to.
package struct ListenerConfiguration: Sendable, Hashable {
    /// The address; `0.0.0.0` and `[::]` mean every local one.
    package let address: SocketAddress
    /// The certificate; absent means plain HTTP.
    package let tls: TLSConfiguration?
    /// How large a request may be.
    package let requests: HTTP1Limits
    /// How slow and how long-lived a connection may be.
    package let connections: ConnectionLimits
    /// Connections of the whole gateway on this address; further ones are closed at once [10000].
    package let maximumConnections: Int

    /// Reads an element of `listeners`.
    package init(reading section: SettingsSection, checks: ConfigurationChecks) {
        address = section.required(
            "address", .address, "The address; `0.0.0.0` and `[::]` mean every local one.")
        let tls = section.optionalSection("tls", "The certificate; left out, the listener speaks plain HTTP.")
        {
            TLSConfiguration(reading: $0, whyUnusable: checks.whyUnusableCertificate)
        }
        self.tls = tls
        let isPlain = !section.isGiven("tls")
        (requests, connections, maximumConnections) = section.section(
            "limits", "What a client may ask of a connection."
        ) { limits in
            let requests = HTTP1Limits(reading: limits)
            let connections = ConnectionLimits(reading: limits)
            if isPlain, limits.isGiven("handshake_timeout") {
                limits.mistake(
                    "handshake_timeout", "a listener without tls has no handshake; allowed: beside tls")
            }
            let maximumConnections = limits.value(
                "maximum_connections", .integer(in: 1...1_000_000), default: 10_000,
                "Connections of the whole gateway on this address; further ones are closed at once.")
            return (requests, connections, maximumConnections)
        }
    }
}
