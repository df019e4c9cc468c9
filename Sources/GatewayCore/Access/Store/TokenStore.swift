import Settings

/// The tenant store of a running gateway: makes snapshots of it.
package struct TokenStore: Sendable {
    private let file: AtomicFile
    private let pepper: Pepper
    private let known: KnownNames

    /// The store that a configuration names. A snapshot's `planIndex` counts in `known.plans`.
    package init(_ credentials: CredentialsConfiguration, known: KnownNames) {
        file = AtomicFile(path: credentials.storePath)
        pepper = Pepper(credentials.pepper)
        self.known = known
    }

    /// Reads the store, the pepper and every tenant's upstream token. A store that does not exist yet is
    /// empty.
    ///
    /// Main thread only: it waits for the disk. After a failure the caller keeps the snapshot it has: what
    /// was good remains so until the store says otherwise.
    /// `refused` are the first upstream tokens whose place the second has taken.
    package func load(refused: Set<UInt64> = []) throws(AccessFailure) -> AccessSnapshot {
        let store = try TenantStore(path: file.path, plans: known.plans) {
            () throws(AtomicFileFailure) in
            try file.read(maximumBytes: TenantStore.maximumBytes)
        }
        let keys = try pepper.load(for: store) ?? Self.keysForNothing
        return AccessSnapshot(store, known: known, keys: keys, refused: refused) { tenant in
            Self.credential(tenant.upstreamToken, of: tenant.id, StoredTenant.upstreamTokenField, keys)
        } nextCredential: { tenant in
            tenant.upstreamTokenNext.map {
                Self.credential($0, of: tenant.id, StoredTenant.upstreamTokenNextField, keys)
            }
        }
    }

    /// Before the first token there is no pepper yet; then any keys will do, since there is nothing to check.
    private static var keysForNothing: AccessKeys {
        var randomness = SystemRandomness()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &randomness) }
        return AccessKeys(pepper: bytes.span)
    }

    private static func credential(
        _ source: SecretSource, of tenant: String, _ field: String, _ keys: AccessKeys
    ) -> TenantCredential {
        let secret: Secret
        switch source {
        case .environment(let name):
            guard let text = EnvironmentVariable.value(name), !text.isEmpty else {
                return .missing(why: "the environment variable \(name) with its \(field) is not set")
            }
            secret = Secret(text)
        case .file(let path):
            do throws(AtomicFileFailure) {
                secret = try UpstreamToken.read(path)
            } catch {
                return .missing(why: "its \(field) cannot be read: \(error)")
            }
        case .sealed(let text):
            guard let sealed = Base64URL.decode(Array(text.utf8).span),
                let opened = keys.open(sealed, for: SealingContext(tenant: tenant, field: field))
            else {
                return .missing(
                    why: "its sealed \(field) does not open: it was sealed for another place or under "
                        + "another pepper; seal it again: kayle-gateway tenant change \(tenant)")
            }
            secret = opened
        }
        guard UpstreamToken.isUsable(secret) else {
            return .missing(why: "its \(field) is \(UpstreamToken.unusable)")
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
