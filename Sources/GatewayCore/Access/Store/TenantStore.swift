package import HTTPModel
package import Settings

/// What the tenant store file says.
package struct TenantStore: Sendable, Equatable {
    /// The tenants, in the order of the file.
    package var tenants: [StoredTenant]

    /// How large the file may be: room for 100 000 tokens.
    package static let maximumBytes = 67_108_864

    /// A store without tenants.
    package init() { tenants = [] }

    /// Reads a store that came from `file`. With `plans`, a tenant's plan must be among them.
    ///
    /// - Throws: All mistakes, in the order of the file.
    package init(_ bytes: [UInt8], file: String, plans: [String]) throws(SettingsFailure) {
        var limits = JSONLimits()
        limits.maximumBytes = Self.maximumBytes
        let uniqueness = Uniqueness()
        tenants = try SettingsReader.read(bytes, file: file, limits: limits) { section in
            section.list("tenants", count: 0...100_000, "Who may use the gateway.") { section in
                StoredTenant(reading: section, plans: plans, uniqueness)
            }
        }
    }

    /// Reads the store at `path` through `read`, with or without its lock; a missing file is an empty store.
    init(
        path: String, plans: [String], _ read: () throws(AtomicFileFailure) -> AtomicFile.Contents
    ) throws(AccessFailure) {
        let bytes: [UInt8]
        do throws(AtomicFileFailure) {
            bytes = try read().bytes
        } catch {
            guard error.reason == .missing else { throw .unreadable(error) }
            self.init()
            return
        }
        do throws(SettingsFailure) {
            try self.init(bytes, file: path, plans: plans)
        } catch {
            throw .store(error)
        }
    }

    /// Whether it holds anything that is worthless without its pepper.
    var needsPepper: Bool {
        tenants.contains { tenant in
            if case .sealed = tenant.upstreamToken { return true }
            return !tenant.tokens.isEmpty
        }
    }

    /// The file's text. A path below the folder of `file` is written relative to it, as it was read.
    package func text(for file: String) -> [UInt8] {
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        return JSONText.pretty(.object(["tenants": .array(tenants.map { $0.json(folder: folder) })]))
    }
}

/// The ids met so far while a store is read.
fileprivate final class Uniqueness {
    var tenants: Set<String> = []
    var tokens: Set<TokenID> = []
}

/// A tenant as the store has it.
package struct StoredTenant: Sendable, Equatable {
    /// The name in commands, logs and metrics.
    package let id: String
    /// The name of the plan.
    package var plan: String
    /// Whose data the upstream token reaches, if other tenants reach the same: a name of the operator's.
    package var organization: String?
    /// Where the upstream token is.
    package var upstreamToken: SecretSource
    /// The tokens, oldest first.
    package var tokens: [StoredToken]

    /// Makes a tenant without tokens.
    package init(id: String, plan: String, upstreamToken: SecretSource) {
        self.id = id
        self.plan = plan
        self.upstreamToken = upstreamToken
        tokens = []
    }

    /// The context of an upstream token sealed in the store.
    package static func sealingContext(_ id: String) -> SealingContext {
        SealingContext(tenant: id, field: "upstream_token")
    }

    fileprivate init(reading section: SettingsSection, plans: [String], _ uniqueness: Uniqueness) {
        id = section.required("id", .name, "The name in commands, logs and metrics.")
        plan = section.required("plan", .name, "The plan, by its name in the configuration.")
        organization = section.optional(
            "organization", .name, "What tenants have in common that reach the same data upstream.")
        upstreamToken = section.required("upstream_token", .secret(.later), "The token for the upstream.")
        tokens = section.list("tokens", count: 0...100_000, "What clients show.") { section in
            StoredToken(reading: section, uniqueness)
        }
        if !section.isFaulty("id"), !uniqueness.tenants.insert(id).inserted {
            section.mistake("id", "another tenant has the id \(id); allowed: an id of its own")
        }
        if !section.isFaulty("plan"), !plans.contains(plan) {
            let allowed =
                plans.isEmpty ? "none, the configuration has no plans" : plans.joined(separator: ", ")
            section.mistake("plan", "there is no plan \(plan); allowed: \(allowed)")
        }
    }

    fileprivate func json(folder: String) -> JSONValue {
        let source: JSONValue =
            switch upstreamToken {
            case .environment(let name): .object(["env": .string(name)])
            case .file(let path):
                .object([
                    "file": .string(
                        !folder.isEmpty && path.hasPrefix(folder)
                            ? String(path.dropFirst(folder.count)) : path)
                ])
            case .sealed(let text): .object(["sealed": .string(text)])
            }
        if let organization {
            return .object([
                "id": .string(id), "plan": .string(plan), "organization": .string(organization),
                "upstream_token": source, "tokens": .array(tokens.map(\.json)),
            ])
        }
        return .object([
            "id": .string(id), "plan": .string(plan), "upstream_token": source,
            "tokens": .array(tokens.map(\.json)),
        ])
    }
}

/// A token as the store has it: all but the secret.
package struct StoredToken: Sendable, Equatable {
    /// The public part.
    package let id: TokenID
    /// What people call it; may be empty.
    package let name: String
    /// The digest of the whole token.
    package let digest: Digest
    /// What it may do.
    package let scopes: ScopeSet
    /// When it was issued, if known.
    package let createdAt: UTCTimestamp?
    /// When its life begins; absent, it has begun.
    package let notBefore: UTCTimestamp?
    /// When its life ends; absent, never.
    package var expiresAt: UTCTimestamp?
    /// When it was revoked; present, it is not good, whatever the date.
    package var revokedAt: UTCTimestamp?
    /// Where it may be used; empty, everywhere.
    package let allow: [AddressBlock]

    /// Where its life stands.
    package func state(at now: UTCTimestamp) -> TokenState {
        if revokedAt != nil { return .revoked }
        if let expiresAt, expiresAt.unixSeconds <= now.unixSeconds { return .expired }
        if let notBefore, notBefore.unixSeconds > now.unixSeconds { return .pending }
        return .active
    }

    /// Makes a token.
    init(
        id: TokenID, name: String = "", digest: Digest, scopes: ScopeSet, createdAt: UTCTimestamp? = nil,
        notBefore: UTCTimestamp? = nil, expiresAt: UTCTimestamp? = nil, allow: [AddressBlock]
    ) {
        self.id = id
        self.name = name
        self.digest = digest
        self.scopes = scopes
        self.createdAt = createdAt
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.allow = allow
    }

    fileprivate init(reading section: SettingsSection, _ uniqueness: Uniqueness) {
        id = section.required("id", .tokenID, "The public part of the token.")
        name = section.value("name", .text(bytes: 0...TokenOrder.maximumNameBytes), default: "", "A name.")
        digest = section.required("digest", .digest, "The digest of the token.")
        scopes = ScopeSet(
            section.value(
                "scopes", .list(of: SettingsKind<Scope>.choice, count: 0...Scope.allCases.count), default: [],
                "What the token may do."))
        createdAt = section.optional("created_at", .timestamp, "When the token was issued.")
        notBefore = section.optional("not_before", .timestamp, "When the token's life begins.")
        expiresAt = section.optional("expires_at", .timestamp, "When the token's life ends.")
        revokedAt = section.optional("revoked_at", .timestamp, "When the token was revoked.")
        allow = section.value(
            "allow", .list(of: .addressBlock, count: 0...TokenOrder.maximumBlocks), default: [],
            "Where the token may be used; empty, everywhere.")
        if !section.isFaulty("id"), !uniqueness.tokens.insert(id).inserted {
            section.mistake("id", "another token has the id \(id.text); allowed: an id of its own")
        }
    }

    fileprivate var json: JSONValue {
        func timestamp(_ time: UTCTimestamp?) -> JSONValue { time.map { .string($0.text) } ?? .null }
        return .object([
            "id": .string(id.text), "name": .string(name), "digest": .string(digest.storedText),
            "scopes": .array(scopes.scopes.map { .string($0.rawValue) }),
            "created_at": timestamp(createdAt), "not_before": timestamp(notBefore),
            "expires_at": timestamp(expiresAt), "revoked_at": timestamp(revokedAt),
            "allow": .array(allow.map { .string($0.text) }),
        ])
    }
}

/// Where the life of a token stands.
package enum TokenState: String, Sendable, Hashable {
    /// Its life has not begun.
    case pending
    /// It is good.
    case active
    /// Its life has ended.
    case expired
    /// It was revoked.
    case revoked
}

extension Digest {
    private static let algorithm = "hmac-sha256:"

    /// The spelling in the store. It names the algorithm, so that another can follow without ending old
    /// tokens.
    fileprivate var storedText: String {
        Self.algorithm + String(decoding: Base64URL.encode(bytes), as: UTF8.self)
    }

    fileprivate init?(storedText: String) {
        guard storedText.hasPrefix(Self.algorithm),
            let bytes = Base64URL.decode(Array(storedText.utf8.dropFirst(Self.algorithm.utf8.count)).span)
        else { return nil }
        self.init(bytes)
    }
}

extension SettingsKind where Value == Digest {
    fileprivate static var digest: SettingsKind {
        .written(
            as: "a digest", allowed: "hmac-sha256: and 43 characters of base64url, as token issue writes it",
            placeholder: .zero, spell: { $0.storedText }
        ) { text, _ in Digest(storedText: text) }
    }
}

extension SettingsKind where Value == TokenID {
    fileprivate static var tokenID: SettingsKind {
        .written(
            as: "a token id", allowed: "12 of 0-9 a-z", placeholder: TokenID(value: 0), spell: { $0.text }
        ) { text, _ in TokenID(text) }
    }
}

extension SettingsKind where Value == UTCTimestamp {
    fileprivate static var timestamp: SettingsKind {
        .written(
            as: "a time", allowed: "UTC in the form 2026-11-23T00:00:00Z",
            placeholder: UTCTimestamp(unixSeconds: 0), spell: { $0.text }
        ) { text, _ in UTCTimestamp(text) }
    }
}

extension SettingsKind where Value == AddressBlock {
    fileprivate static var addressBlock: SettingsKind {
        .written(
            as: "an address block", allowed: AddressBlock.allowed, placeholder: .allIPv6,
            spell: { $0.text }
        ) { text, _ in AddressBlock(text) }
    }
}
