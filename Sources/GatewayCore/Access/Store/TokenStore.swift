import Settings

/// The tenant store of a running gateway: makes snapshots of it.
package struct TokenStore: Sendable {
    private let file: AtomicFile
    private let pepper: Pepper
    private let plans: [String]

    /// The store that a configuration names. A snapshot's `planIndex` counts in `plans`.
    package init(_ credentials: CredentialsConfiguration, plans: [String]) {
        file = AtomicFile(path: credentials.storePath)
        pepper = Pepper(credentials.pepper)
        self.plans = plans
    }

    /// Reads the store, the pepper and every tenant's upstream token. A store that does not exist yet is
    /// empty.
    ///
    /// Main thread only: it waits for the disk. After a failure the caller keeps the snapshot it has: what
    /// was good remains so until the store says otherwise.
    package func load() throws(AccessFailure) -> AccessSnapshot {
        let store = try TenantStore(path: file.path, plans: plans) { () throws(AtomicFileFailure) in
            try file.read(maximumBytes: TenantStore.maximumBytes)
        }
        let keys = try pepper.load(for: store) ?? Self.keysForNothing
        return AccessSnapshot(store, plans: plans, keys: keys) { tenant in
            Self.credential(of: tenant, keys)
        }
    }

    /// Before the first token there is no pepper yet; then any keys will do, since there is nothing to check.
    private static var keysForNothing: AccessKeys {
        var randomness = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &randomness) }
        return AccessKeys(pepper: bytes.span)
    }

    private static func credential(of tenant: StoredTenant, _ keys: AccessKeys) -> TenantCredential {
        let secret: Secret
        switch tenant.upstreamToken {
        case .environment(let name):
            guard let text = EnvironmentVariable.value(name), !text.isEmpty else {
                return .missing(why: "the environment variable \(name) with its upstream token is not set")
            }
            secret = Secret(text)
        case .file(let path):
            do throws(AtomicFileFailure) {
                secret = try UpstreamToken.read(path)
            } catch {
                return .missing(why: "its upstream token cannot be read: \(error)")
            }
        case .sealed(let text):
            guard let sealed = Base64URL.decode(Array(text.utf8).span),
                let opened = keys.sealingKey.open(sealed, for: StoredTenant.sealingContext(tenant.id))
            else {
                return .missing(
                    why: "its sealed upstream token does not open: it was sealed for another tenant or under "
                        + "another pepper; remove the tenant and add it again")
            }
            secret = opened
        }
        guard UpstreamToken.isUsable(secret) else {
            return .missing(why: "its upstream token is \(UpstreamToken.unusable)")
        }
        return .found(secret)
    }
}

/// The shape of an upstream token: what can stand in an Authorization field.
package enum UpstreamToken {
    private static let maximumBytes = 4_096

    /// Whether the secret can go into an Authorization field as it is. Anything else could end the field
    /// early and put fields of its own behind it.
    package static func isUsable(_ secret: Secret) -> Bool {
        (1...maximumBytes).contains(secret.count)
            && secret.withBytes { bytes in
                for index in bytes.indices where !(0x21...0x7E).contains(bytes[index]) { return false }
                return true
            }
    }

    /// What is wrong with a token that is not usable, as the end of a sentence.
    package static let unusable = "not 1 to \(maximumBytes) visible ASCII characters"

    /// Reads a token from a file; line ends after it are not part of it.
    package static func read(_ path: String) throws(AtomicFileFailure) -> Secret {
        var bytes = try AtomicFile(path: path).read(maximumBytes: maximumBytes + 2).bytes
        defer { Secret.wipe(&bytes) }
        return trimmed(bytes.span)
    }

    /// The bytes without the line ends after them.
    package static func trimmed(_ bytes: Span<UInt8>) -> Secret {
        var count = bytes.count
        while count > 0, bytes[count - 1] == UInt8(ascii: "\n") || bytes[count - 1] == UInt8(ascii: "\r") {
            count -= 1
        }
        return Secret(bytes.extracting(0..<count))
    }
}
