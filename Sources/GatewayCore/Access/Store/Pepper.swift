package import Settings

/// The one secret behind all tokens: without it a stolen store checks no guess and opens no sealed text.
///
/// A line of text with at least 32 random bytes in it, in a file that only its owner can read, or in an
/// environment variable. Kept outside the store, so that a copy of the store alone is worth nothing.
package struct Pepper: Sendable {
    /// Characters of 32 random bytes in base64, the shortest usual spelling of them.
    private static let minimumBytes = 43
    private static let maximumBytes = 4_096

    private let source: SecretSource

    /// Names a pepper; nothing is read yet.
    package init(_ source: SecretSource) { self.source = source }

    /// The keys of an existing pepper; `nil` if its file is not there and the store can do without.
    package func load(for store: TenantStore) throws(AccessFailure) -> AccessKeys? {
        if let keys = try load() { return keys }
        guard !store.needsPepper else {
            throw .pepper(
                "the pepper is missing, and without it no token in the tenant store can be checked; restore "
                    + "its file (credentials.pepper), or remove all tenants and begin anew")
        }
        return nil
    }

    private func load() throws(AccessFailure) -> AccessKeys? {
        switch source {
        case .sealed:
            throw .pepper("credentials.pepper: a pepper cannot be sealed under itself; use file or env")
        case .environment(let name):
            guard let text = EnvironmentVariable.value(name) else {
                throw .pepper("the environment variable \(name) (credentials.pepper) is not set; set it")
            }
            return try keys(Array(text.utf8), from: "the environment variable \(name)")
        case .file(let path): return try load(AtomicFile(path: path))
        }
    }

    /// The keys; a file that is missing, and that the store can do without, is made first. For commands that
    /// write and hold the store's lock: a second pepper would end the life of every token.
    package func loadOrMake(for store: TenantStore) throws(AccessFailure) -> AccessKeys {
        if let keys = try load(for: store) { return keys }
        guard case .file(let path) = source else { preconditionFailure("only a file can be missing") }
        var randomness = SystemRandomNumberGenerator()
        var bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &randomness) }
        defer { Secret.wipe(&bytes) }
        var text = Base64URL.encode(bytes)
        text.append(UInt8(ascii: "\n"))
        defer { Secret.wipe(&text) }
        do throws(AtomicFileFailure) {
            try AtomicFile(path: path).create(text.span)
        } catch {
            // Another command was faster: its pepper is the one.
            guard error.reason == .exists else { throw .unwritable(error) }
        }
        guard let keys = try load() else { throw .pepper("\(path): the pepper was removed; try again") }
        return keys
    }

    private func load(_ file: AtomicFile) throws(AccessFailure) -> AccessKeys? {
        let contents: AtomicFile.Contents
        do throws(AtomicFileFailure) {
            contents = try file.read(maximumBytes: Self.maximumBytes)
        } catch {
            if error.reason == .missing { return nil }
            throw .unreadable(error)
        }
        guard contents.permissions & 0o077 == 0 else {
            let mode = String(contents.permissions, radix: 8)
            throw .pepper(
                "\(file.path): others can reach the pepper (mode \(mode)); run: chmod 600 \(file.path)")
        }
        return try keys(contents.bytes, from: file.path)
    }

    /// Takes the text, line end aside, as it is: how it was encoded plays no part.
    private func keys(_ text: consuming [UInt8], from place: String) throws(AccessFailure) -> AccessKeys {
        defer { Secret.wipe(&text) }
        var count = text.count
        while count > 0, text[count - 1] == UInt8(ascii: "\n") || text[count - 1] == UInt8(ascii: "\r") {
            count -= 1
        }
        guard count >= Self.minimumBytes else {
            throw .pepper(
                "\(place): the pepper has \(count) characters, at least \(Self.minimumBytes) are needed; "
                    + "restore it, or make a new one (openssl rand -base64 32) and issue all tokens again")
        }
        return AccessKeys(pepper: text.span.extracting(0..<count))
    }
}

/// The keys derived from the pepper, one per purpose, so that no two purposes can be played against each
/// other.
package struct AccessKeys: Sendable {
    /// For the digests of tokens.
    package let digestKey: DigestKey
    /// For upstream tokens sealed in the store.
    package let sealingKey: SealingKey
    private let identityKey: DigestKey

    /// Derives the keys.
    package init(pepper: Span<UInt8>) {
        let root = DigestKey(pepper)
        digestKey = root.subkey("kayle-gateway token digest 1").withBytes { DigestKey($0) }
        sealingKey = SealingKey(root.subkey("kayle-gateway sealing 1"))
        identityKey = root.subkey("kayle-gateway identity 1").withBytes { DigestKey($0) }
    }

    /// A number that stands for the bytes and tells nothing about them.
    package func identity(of bytes: Span<UInt8>) -> UInt64 {
        identityKey.digest(bytes).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
