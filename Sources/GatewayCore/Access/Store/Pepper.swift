import HTTPModel
package import Settings

/// The one secret behind all tokens: without it a stolen store checks no guess and opens no sealed text.
///
/// A line of text with at least 32 random bytes in it, in a file that only its owner can read, or in an
/// environment variable. Kept outside the store, so that a copy of the store alone is worth nothing.
///
/// Several lines are several peppers, the newest first: new digests and seals are made under the first, what
/// was made under the others stays good. So a pepper is changed without a moment in which anything fails.
package struct Pepper: Sendable {
    /// Characters of 32 random bytes in base64, the shortest usual spelling of them.
    private static let minimumBytes = 43
    private static let maximumBytes = 65_536
    /// Lines a pepper may have. Each is tried on every sealed text.
    package static let maximumLines = 8

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
        let made = Self.make()
        var text = made.withBytes { $0.array }
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

    /// Takes each line as it is, line end aside: how it was encoded plays no part.
    private func keys(_ text: consuming [UInt8], from place: String) throws(AccessFailure) -> AccessKeys {
        defer { Secret.wipe(&text) }
        let lines = Self.lines(text.span)
        guard lines.count <= Self.maximumLines else {
            throw .pepper(
                "\(place): the pepper has \(lines.count) lines; allowed: 1 to \(Self.maximumLines)")
        }
        let shortest = lines.map(\.count).min() ?? 0
        guard shortest >= Self.minimumBytes else {
            throw .pepper(
                "\(place): the pepper has \(shortest) characters, at least \(Self.minimumBytes) are needed; "
                    + "restore it, or make a new one (openssl rand -base64 32) and issue all tokens again")
        }
        var peppers: [Secret] = []
        for line in lines { peppers.append(Secret(text.span.extracting(line))) }
        return AccessKeys(peppers: peppers)
    }

    /// Where the lines are; empty ones do not count.
    private static func lines(_ text: Span<UInt8>) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        for index in 0...text.count {
            guard index == text.count || text[index] == UInt8(ascii: "\n") else { continue }
            var end = index
            while end > start, text[end - 1] == UInt8(ascii: "\r") { end -= 1 }
            if end > start { lines.append(start..<end) }
            start = index + 1
        }
        return lines
    }

    /// Puts a new line before the others, or takes out lines: the file is replaced as a whole, under its own
    /// lock. `body` gets the lines and gives those to be written.
    package func rewrite(
        _ body: ([Secret]) throws(AccessFailure) -> [Secret]
    ) throws(AccessFailure) {
        guard case .file(let path) = source else {
            throw .input(
                "the pepper is in an environment variable, which no command can change; put the new pepper "
                    + "before the old one, each on a line of its own, and restart the gateway")
        }
        let locked = try Self.lock(path)
        var before: [UInt8]
        do throws(AtomicFileFailure) {
            before = try locked.read(maximumBytes: Self.maximumBytes).bytes
        } catch { throw .unreadable(error) }
        defer { Secret.wipe(&before) }
        var lines: [Secret] = []
        for line in Self.lines(before.span) { lines.append(Secret(before.span.extracting(line))) }
        let after = try body(lines)
        precondition(!after.isEmpty, "a pepper without a line")
        var text: [UInt8] = []
        defer { Secret.wipe(&text) }
        // Reserved in full, so that no reallocation leaves a copy behind.
        text.reserveCapacity(after.reduce(0) { $0 + $1.count + 1 })
        for line in after {
            line.withBytes { bytes in for index in bytes.indices { text.append(bytes[index]) } }
            text.append(UInt8(ascii: "\n"))
        }
        do throws(AtomicFileFailure) { try locked.replace(with: text.span) } catch {
            throw .unwritable(error)
        }
    }

    private static func lock(_ path: String) throws(AccessFailure) -> LockedFile {
        do throws(AtomicFileFailure) { return try AtomicFile(path: path).lock() } catch {
            throw .unwritable(error)
        }
    }

    /// A new pepper: 32 random bytes.
    package static func make() -> Secret {
        var randomness = SystemRandomness()
        var bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &randomness) }
        defer { Secret.wipe(&bytes) }
        var text = Base64URL.encode(bytes)
        defer { Secret.wipe(&text) }
        return Secret(text.span)
    }
}

/// The keys derived from the pepper, one per purpose, so that no two purposes can be played against each
/// other. Of several peppers the first makes new digests and seals.
package struct AccessKeys: Sendable {
    /// What one pepper gives.
    private struct Generation: Sendable {
        let id: String
        let digestKey: DigestKey
        let sealingKey: SealingKey
    }

    private let generations: [Generation]
    private let identityKey: DigestKey

    /// Derives the keys of each pepper, the newest first; at least one.
    package init(peppers: [Secret]) {
        precondition(!peppers.isEmpty, "keys without a pepper")
        let roots = peppers.map { pepper in pepper.withBytes { DigestKey($0) } }
        generations = roots.map { root in
            Generation(
                id: root.subkey("kayle-gateway pepper id 1").withBytes { bytes in
                    String(decoding: Base64URL.encode(bytes.extracting(first: 6).array), as: UTF8.self)
                },
                digestKey: root.subkey("kayle-gateway token digest 1").withBytes { DigestKey($0) },
                sealingKey: SealingKey(root.subkey("kayle-gateway sealing 1")))
        }
        // The oldest, so that a new pepper changes no identity: buckets and cached answers stay whose they
        // are.
        identityKey = roots[roots.count - 1].subkey("kayle-gateway identity 1").withBytes { DigestKey($0) }
    }

    /// Derives the keys of a single pepper.
    package init(pepper: Span<UInt8>) { self.init(peppers: [Secret(pepper)]) }

    /// For the digests of new tokens.
    package var digestKey: DigestKey { generations[0].digestKey }
    /// For new seals.
    package var sealingKey: SealingKey { generations[0].sealingKey }
    /// Number of peppers.
    package var count: Int { generations.count }

    /// The names of the peppers, the newest first. They tell nothing of the peppers.
    package var ids: [String] { generations.map(\.id) }

    /// What a new token says of its pepper: nothing as long as there is one only.
    package var newTokenPepper: String? { generations.count > 1 ? generations[0].id : nil }

    /// The position of the pepper that a token names; without a name it is the oldest. `nil` if it is gone.
    package func position(ofPepper id: String?) -> Int? {
        guard let id else { return generations.count - 1 }
        return generations.firstIndex { $0.id == id }
    }

    /// The key for digests under the pepper at a position.
    package func digestKey(at position: Int) -> DigestKey { generations[position].digestKey }

    /// Opens what was sealed under any of the peppers.
    package func open(_ sealed: [UInt8], for context: SealingContext) -> Secret? {
        for generation in generations {
            if let secret = generation.sealingKey.open(sealed, for: context) { return secret }
        }
        return nil
    }

    /// The position of the pepper that something was sealed under; `nil` if it opens under none.
    package func position(opening sealed: [UInt8], for context: SealingContext) -> Int? {
        generations.firstIndex { $0.sealingKey.open(sealed, for: context) != nil }
    }

    /// A number that stands for the bytes and tells nothing about them.
    package func identity(of bytes: Span<UInt8>) -> UInt64 {
        identityKey.digest(bytes).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
