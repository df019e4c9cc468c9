package import Settings

extension SettingsKind where Value == SocketAddress {
    /// An IP address and a port. Names are not taken: what a listener binds must not depend on a resolver.
    package static var address: SettingsKind {
        let anywhere = SocketAddress(address: IPAddress(ipv4: 0), port: 0)
        return .written(
            as: "an address", allowed: "an IP address and a port, such as 127.0.0.1:8443 or [::1]:8443",
            placeholder: anywhere, spell: { $0.text }
        ) { string, _ in
            // The kernel's parser would stop at a NUL and take what stands before it.
            string.utf8.contains(0) ? nil : SocketAddress(string)
        }
    }
}
