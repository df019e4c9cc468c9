package import HTTPModel
package import Settings

/// What the tenant store file says.
package struct TenantStore: Sendable, Equatable {
    /// The tenants, in the order of the file.
    package var tenants: [StoredTenant]

    /// How large the file may be: room for 100 000 tokens.
    package static let maximumBytes = 67_108_864
    /// How many tenants it may have, and how many tokens a tenant may have.
    static let maximumTenants = 100_000, maximumTokens = 100_000

    /// A store without tenants.
    package init() { tenants = [] }

    /// Reads a store that came from `file`. With `plans`, a tenant's plan must be among them.
    ///
    /// - Throws: All mistakes, in the order of the file.
    package init(_ bytes: [UInt8], file: String, plans: [String]) throws(SettingsFailure) {
        if let tenants = StoreScan.tenants(bytes.span, file: file, plans: plans) {
            self.init()
            self.tenants = tenants
        } else {
            try self.init(carefully: bytes, file: file, plans: plans)
        }
    }

    /// The same by the settings reader, which finds mistakes and their places.
    init(carefully bytes: [UInt8], file: String, plans: [String]) throws(SettingsFailure) {
        var limits = JSONLimits()
        limits.maximumBytes = Self.maximumBytes
        let uniqueness = Uniqueness()
        tenants = try SettingsReader.read(bytes, file: file, limits: limits) { section in
            section.list("tenants", count: 0...Self.maximumTenants, "Who may use the gateway.") { section in
                StoredTenant(reading: section, plans: plans, uniqueness)
            }
        }
    }

    /// Reads the store at `path` through `read`, with or without its lock; a missing file is an empty store.
    init(
        path: String, plans: [String],
        _ read: () throws(AtomicFileFailure) -> AtomicFile.Contents
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
            tenant.upstreamToken.isSealed || tenant.upstreamTokenNext?.isSealed == true
                || !tenant.tokens.isEmpty
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
    /// Where the second upstream token is, which takes over when the upstream refuses the first.
    package var upstreamTokenNext: SecretSource?
    /// Where its tokens may be used; empty, everywhere. A token's own list narrows it further.
    package var allow: [AddressBlock]
    /// The tokens, oldest first.
    package var tokens: [StoredToken]

    /// Makes a tenant without tokens.
    package init(id: String, plan: String, upstreamToken: SecretSource) {
        self.id = id
        self.plan = plan
        self.upstreamToken = upstreamToken
        allow = []
        tokens = []
    }

    /// The key of the first upstream token, and what a sealed one is bound to.
    package static let upstreamTokenField = "upstream_token"
    /// The same of the second.
    package static let upstreamTokenNextField = "upstream_token_next"

    fileprivate init(
        reading section: SettingsSection, plans: [String], _ uniqueness: Uniqueness
    ) {
        id = section.required("id", .name, "The name in commands, logs and metrics.")
        plan = section.required("plan", .name, "The plan, by its name in the configuration.")
        organization = section.optional(
            "organization", .name, "What tenants have in common that reach the same data upstream.")
        upstreamToken = section.required(
            Self.upstreamTokenField, .secret(.later), "The token for the upstream.")
        upstreamTokenNext = section.optional(
            Self.upstreamTokenNextField, .secret(.later),
            "A second token, which takes over when the upstream refuses the first.")
        allow = section.value(
            "allow", .list(of: .addressBlock, count: 0...TokenOrder.maximumBlocks), default: [],
            "Where its tokens may be used; empty, everywhere.")
        tokens = section.list("tokens", count: 0...TenantStore.maximumTokens, "What clients show.") {
            StoredToken(reading: $0, uniqueness)
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
        var members = [
            JSONMember("id", .string(id)), JSONMember("plan", .string(plan)),
            JSONMember(Self.upstreamTokenField, upstreamToken.json(folder: folder)),
        ]
        if let organization { members.insert(JSONMember("organization", .string(organization)), at: 2) }
        if let upstreamTokenNext {
            members.append(
                JSONMember(Self.upstreamTokenNextField, upstreamTokenNext.json(folder: folder)))
        }
        if !allow.isEmpty { members.append(JSONMember("allow", .array(allow.map { .string($0.text) }))) }
        members.append(JSONMember("tokens", .array(tokens.map(\.json))))
        return JSONValue(.object(members))
    }
}

extension SecretSource {
    /// The reference as it is written; a path below the folder is written relative to it.
    fileprivate func json(folder: String) -> JSONValue {
        switch self {
        case .environment(let name): .object(["env": .string(name)])
        case .file(let path):
            .object([
                "file": .string(
                    !folder.isEmpty && path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path)
            ])
        case .sealed(let text): .object(["sealed": .string(text)])
        }
    }

    /// Whether it is worthless without the pepper.
    fileprivate var isSealed: Bool {
        switch self {
        case .sealed: true
        case .environment, .file: false
        }
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
    /// The name of the pepper that the digest was made under; absent, the oldest.
    package let pepper: String?
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
    /// When a successor was issued; answers tell of the token's end from then on.
    package var rotatedAt: UTCTimestamp?
    /// Where it may be used; empty, everywhere.
    package let allow: [AddressBlock]
    /// How much it may do within its scopes.
    package let ceilings: TokenCeilings

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
        pepper: String? = nil, notBefore: UTCTimestamp? = nil, expiresAt: UTCTimestamp? = nil,
        allow: [AddressBlock],
        ceilings: TokenCeilings = .none
    ) {
        self.id = id
        self.name = name
        self.digest = digest
        self.pepper = pepper
        self.scopes = scopes
        self.createdAt = createdAt
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.allow = allow
        self.ceilings = ceilings
    }

    fileprivate init(reading section: SettingsSection, _ uniqueness: Uniqueness) {
        id = section.required("id", .tokenID, "The public part of the token.")
        name = section.value("name", .text(bytes: 0...TokenOrder.maximumNameBytes), default: "", "A name.")
        digest = section.required("digest", .digest, "The digest of the token.")
        pepper = section.optional("pepper", .name, "The pepper of the digest; left out, the oldest.")
        scopes = ScopeSet(
            section.value(
                "scopes", .list(of: SettingsKind<Scope>.choice, count: 0...Scope.allCases.count), default: [],
                "What the token may do."))
        createdAt = section.optional("created_at", .timestamp, "When the token was issued.")
        notBefore = section.optional("not_before", .timestamp, "When the token's life begins.")
        expiresAt = section.optional("expires_at", .timestamp, "When the token's life ends.")
        revokedAt = section.optional("revoked_at", .timestamp, "When the token was revoked.")
        rotatedAt = section.optional("rotated_at", .timestamp, "When a successor was issued.")
        allow = section.value(
            "allow", .list(of: .addressBlock, count: 0...TokenOrder.maximumBlocks), default: [],
            "Where the token may be used; empty, everywhere.")
        let maximumLimit = section.optional(
            "max_limit", .integer(in: 1...TokenCeilings.largestLimit), "The largest page it may ask for.")
        let routes = section.value(
            "routes", .list(of: .name, count: 0...TokenCeilings.maximumRoutes), default: [],
            "The routes it may use; empty, all.")
        // What was read is within these bounds.
        ceilings = TokenCeilings(maximumLimit: maximumLimit, routes: routes) ?? .none
        if !section.isFaulty("id"), !uniqueness.tokens.insert(id).inserted {
            section.mistake("id", "another token has the id \(id.text); allowed: an id of its own")
        }
    }

    fileprivate var json: JSONValue {
        func timestamp(_ time: UTCTimestamp?) -> JSONValue { time.map { .string($0.text) } ?? .null }
        var members = [
            JSONMember("id", .string(id.text)), JSONMember("name", .string(name)),
            JSONMember("digest", .string(digest.storedText)),
            JSONMember("scopes", .array(scopes.scopes.map { .string($0.rawValue) })),
            JSONMember("created_at", timestamp(createdAt)), JSONMember("not_before", timestamp(notBefore)),
            JSONMember("expires_at", timestamp(expiresAt)), JSONMember("revoked_at", timestamp(revokedAt)),
            JSONMember("allow", .array(allow.map { .string($0.text) })),
        ]
        // What is not set is not written: a store that does without reads in an older gateway too.
        if let pepper { members.append(JSONMember("pepper", .string(pepper))) }
        if let rotatedAt { members.append(JSONMember("rotated_at", timestamp(rotatedAt))) }
        if let limit = ceilings.maximumLimit {
            members.append(JSONMember("max_limit", .integer(Int64(limit))))
        }
        if !ceilings.routes.isEmpty {
            members.append(JSONMember("routes", .array(ceilings.routes.map { .string($0) })))
        }
        return JSONValue(.object(members))
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
    private static let algorithm: StaticString = "hmac-sha256:"

    /// The spelling in the store. It names the algorithm, so that another can follow without ending old
    /// tokens.
    fileprivate var storedText: String {
        "\(Self.algorithm)" + String(decoding: Base64URL.encode(bytes), as: UTF8.self)
    }

    /// Reads that spelling; `nil` for anything else.
    init?(storedText: Span<UInt8>) {
        let prefixCount = Self.algorithm.utf8CodeUnitCount
        guard storedText.count >= prefixCount,
            storedText.extracting(0..<prefixCount).equals(Self.algorithm),
            let bytes = Base64URL.decode(storedText.extracting(prefixCount..<storedText.count))
        else { return nil }
        self.init(bytes)
    }
}

extension SettingsKind where Value == Digest {
    fileprivate static var digest: SettingsKind {
        .written(
            as: "a digest", allowed: "hmac-sha256: and 43 characters of base64url, as token issue writes it",
            placeholder: .zero, spell: { $0.storedText }
        ) { text, _ in Digest(storedText: Array(text.utf8).span) }
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
