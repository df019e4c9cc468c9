package import Settings

/// The origin of the upstream (RFC 6454): what a URL says before its path.
package struct UpstreamOrigin: Sendable, Hashable {
    /// Whether the bytes are protected on their way.
    package let scheme: Scheme
    /// A name or an IP address, in lower case, an IPv6 address without its brackets.
    package let host: String
    /// The port.
    package let port: UInt16

    /// The schemes an upstream can have.
    package enum Scheme: String, Sendable, Hashable {
        /// In the clear; to this machine only.
        case http
        /// By TLS.
        case https

        /// The port of a URL that names none.
        package var defaultPort: UInt16 {
            switch self {
            case .http: 80
            case .https: 443
            }
        }
    }

    /// The value of Host and of a URL's authority: without the port where it is the scheme's own.
    package var authority: String {
        let name = host.utf8.contains(0x3A) ? "[\(host)]" : host
        return port == scheme.defaultPort ? name : "\(name):\(port)"
    }

    /// The origin as a URL without a path.
    package var url: String { "\(scheme.rawValue)://\(authority)" }

    /// Reads `https://api.kayle.id` or `http://127.0.0.1:8080`, with or without a slash at the end.
    ///
    /// `nil` for anything else. A path is refused, because a tenant's path is forwarded as it is; userinfo
    /// is, because the Authorization field is the tenant's; and so is plain HTTP to another machine, which
    /// would show every upstream token to the network.
    package init?(_ text: String) {
        guard let mark = text.firstRange(of: "://"),
            let scheme = Scheme(rawValue: text[..<mark.lowerBound].lowercased())
        else { return nil }
        var host = text[mark.upperBound...]
        if host.hasSuffix("/") { host.removeLast() }
        var port = scheme.defaultPort
        // The last colon outside of brackets starts the port.
        if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") {
            let digits = host[host.index(after: colon)...]
            guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }), let number = UInt16(digits),
                number > 0
            else { return nil }
            port = number
            host = host[..<colon]
        }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        // The kernel's parser would stop at a NUL and take what stands before it.
        let address = host.utf8.contains(0) ? nil : IPAddress(String(host))
        guard isBracketed ? address != nil && host.utf8.contains(0x3A) : Self.isHostName(host, address) else {
            return nil
        }
        let name = host.lowercased()
        guard scheme == .https || name == "localhost" || address?.isLoopback == true else { return nil }
        self.init(scheme: scheme, host: name, port: port)
    }

    private init(scheme: Scheme, host: String, port: UInt16) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// Letters, digits and inner hyphens in labels of up to 63, 253 in all (RFC 1123 §2.1). A last label of
    /// digits makes it an IPv4 address, which must be one.
    private static func isHostName(_ host: Substring, _ address: IPAddress?) -> Bool {
        guard (1...253).contains(host.utf8.count) else { return false }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        if labels.last?.utf8.allSatisfy({ $0 &- 0x30 < 10 }) == true, address == nil { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || $0 == 0x2D }
        }
    }
}

extension UpstreamOrigin {
    /// Stands in for a URL that could not be read.
    fileprivate static let placeholder = UpstreamOrigin(
        scheme: .https, host: "placeholder.invalid", port: 443)
}

extension SettingsKind where Value == UpstreamOrigin {
    /// A URL of scheme, host and port.
    package static var upstreamOrigin: SettingsKind {
        .written(
            as: "the URL of an upstream",
            allowed:
                "https://HOST[:PORT], or http:// to localhost or a loopback address; no user, path or query",
            placeholder: .placeholder, spell: { $0.url }
        ) { string, _ in UpstreamOrigin(string) }
    }
}
