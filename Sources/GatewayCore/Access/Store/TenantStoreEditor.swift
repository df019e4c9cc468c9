package import HTTPModel
import Settings

/// Changes the tenant store on disk: what the commands do, without the commands.
///
/// Every change is a read, an edit and a replacement under the store's lock, so that of two changes made at
/// once none is lost, and a running gateway sees either the old store or the new one.
package struct TenantStoreEditor: Sendable {
    private let file: AtomicFile
    private let pepper: Pepper
    private let plans: [String]

    /// An editor of the store that the configuration names.
    package init(_ credentials: CredentialsConfiguration, plans: [String]) {
        file = AtomicFile(path: credentials.storePath)
        pepper = Pepper(credentials.pepper)
        self.plans = plans
    }

    /// The store as it is; without a file it is empty.
    package func read() throws(AccessFailure) -> TenantStore {
        try TenantStore(path: file.path, plans: plans) { () throws(AtomicFileFailure) in
            try file.read(maximumBytes: TenantStore.maximumBytes)
        }
    }

    /// Adds a tenant.
    package func addTenant(
        _ id: String, plan: String, upstreamToken: UpstreamTokenPlace
    ) throws(AccessFailure) {
        guard SettingsName.isName(id) else {
            throw .input("\(JSONText.quoted(id)) is no tenant id; allowed: 1 to 64 of A-Z a-z 0-9 . _ -")
        }
        guard plans.contains(plan) else {
            let known = plans.joined(separator: ", ")
            throw .input("the configuration has no plan \(JSONText.quoted(plan)); it has: \(known)")
        }
        try edit { (store: inout TenantStore) throws(AccessFailure) in
            guard !store.tenants.contains(where: { $0.id == id }) else {
                throw .input("there is a tenant \(id) already; remove it first, or choose another id")
            }
            let source = try source(of: upstreamToken, for: id, in: store)
            store.tenants.append(StoredTenant(id: id, plan: plan, upstreamToken: source))
        }
    }

    private func source(
        of upstreamToken: UpstreamTokenPlace, for tenant: String, in store: TenantStore
    ) throws(AccessFailure) -> SecretSource {
        switch upstreamToken {
        case .environment(let name):
            guard SettingsName.isEnvironmentVariable(name) else {
                throw .input("\(JSONText.quoted(name)) cannot name an environment variable")
            }
            return .environment(name)
        case .file(let path): return .file(path)
        case .sealing(let secret):
            var randomness = SystemRandomNumberGenerator()
            let sealed = try pepper.loadOrMake(for: store).sealingKey.seal(
                secret, for: StoredTenant.sealingContext(tenant), randomness: &randomness)
            return .sealed(String(decoding: Base64URL.encode(sealed), as: UTF8.self))
        }
    }

    /// Removes a tenant and all of its tokens.
    package func removeTenant(_ id: String) throws(AccessFailure) {
        try edit { (store: inout TenantStore) throws(AccessFailure) in
            let index = try store.index(ofTenant: id)
            store.tenants.remove(at: index)
        }
    }

    /// Issues a token.
    package func issueToken(
        _ order: TokenOrder, for tenant: String, now: UTCTimestamp,
        randomness: inout some RandomNumberGenerator
    ) throws(AccessFailure) -> IssuedToken {
        var random = randomness
        defer { randomness = random }
        return try edit { (store: inout TenantStore) throws(AccessFailure) in
            let index = try store.index(ofTenant: tenant)
            let keys = try pepper.loadOrMake(for: store)
            return store.make(order, tenant: index, keys, now: now, randomness: &random)
        }
    }

    /// Revokes a token, now and for good. Doing it twice changes nothing.
    package func revokeToken(_ id: TokenID, now: UTCTimestamp) throws(AccessFailure) {
        try edit { (store: inout TenantStore) throws(AccessFailure) in
            let (tenant, token) = try store.index(ofToken: id)
            if store.tenants[tenant].tokens[token].revokedAt == nil {
                store.tenants[tenant].tokens[token].revokedAt = now
            }
        }
    }

    /// Issues a token that may do what an old one may, for as long, and ends the old one's life after
    /// `overlap` unless it ends before. Both work until then.
    package func rotateToken(
        _ id: TokenID, overlap: Duration, now: UTCTimestamp, randomness: inout some RandomNumberGenerator
    ) throws(AccessFailure) -> IssuedToken {
        var random = randomness
        defer { randomness = random }
        return try edit { (store: inout TenantStore) throws(AccessFailure) in
            let (tenant, token) = try store.index(ofToken: id)
            let old = store.tenants[tenant].tokens[token]
            let isOver = old.expiresAt.map { $0.unixSeconds <= now.unixSeconds } ?? false
            guard old.revokedAt == nil, !isOver else {
                throw .input("the token \(id.text) is revoked or expired; issue a new one instead")
            }
            let keys = try pepper.loadOrMake(for: store)
            let issued = store.make(
                TokenOrder(renewing: old), tenant: tenant, keys, now: now, randomness: &random)
            let end = now.later(by: overlap)
            if end.unixSeconds < old.expiresAt?.unixSeconds ?? .max {
                store.tenants[tenant].tokens[token].expiresAt = end
            }
            return issued
        }
    }

    private func edit<Result>(
        _ change: (inout TenantStore) throws(AccessFailure) -> Result
    ) throws(AccessFailure) -> Result {
        let locked = try lock()
        var store = try TenantStore(path: file.path, plans: plans) { () throws(AtomicFileFailure) in
            try locked.read(maximumBytes: TenantStore.maximumBytes)
        }
        let before = store
        let result = try change(&store)
        guard store != before else { return result }
        let text = store.text(for: file.path)
        do throws(AtomicFileFailure) {
            try locked.replace(with: text.span)
        } catch {
            throw .unwritable(error)
        }
        return result
    }

    private func lock() throws(AccessFailure) -> LockedFile {
        do throws(AtomicFileFailure) {
            return try file.lock()
        } catch {
            throw .unwritable(error)
        }
    }
}

/// Where a new tenant's upstream token is.
package enum UpstreamTokenPlace: Sendable {
    /// In an environment variable of the gateway.
    case environment(String)
    /// In a file, by an absolute path or one relative to the store's folder.
    case file(String)
    /// Here; it is sealed and goes into the store.
    case sealing(Secret)
}

/// What a token shall be good for.
package struct TokenOrder: Sendable, Hashable {
    /// Bytes of the longest name.
    package static let maximumNameBytes = 100
    /// Blocks in the longest allow list.
    package static let maximumBlocks = 64

    /// What people call it; may be empty.
    package let name: String
    /// What it may do.
    package let scopes: ScopeSet
    /// How long it lives; absent, for ever.
    package let lifetime: Duration?
    /// Where it may be used; empty, everywhere.
    package let allow: [AddressBlock]

    /// Makes an order; `nil` if the name or the list is too long, or the name has control characters.
    package init?(name: String, scopes: ScopeSet, lifetime: Duration?, allow: [AddressBlock]) {
        let isClean = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        guard isClean, name.utf8.count <= Self.maximumNameBytes, allow.count <= Self.maximumBlocks else {
            return nil
        }
        self.init(checkedName: name, scopes: scopes, lifetime: lifetime, allow: allow)
    }

    /// An order for the successor of a token.
    fileprivate init(renewing token: StoredToken) {
        let lifetime: Duration? = token.expiresAt.flatMap { end in
            // A token whose beginning nobody wrote down is followed by one without an end of its own making.
            token.createdAt.map { .seconds(max(end.unixSeconds - $0.unixSeconds, 1)) }
        }
        self.init(checkedName: token.name, scopes: token.scopes, lifetime: lifetime, allow: token.allow)
    }

    private init(checkedName: String, scopes: ScopeSet, lifetime: Duration?, allow: [AddressBlock]) {
        name = checkedName
        self.scopes = scopes
        self.lifetime = lifetime
        // A list with a repetition could not be read again.
        self.allow = allow.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

/// A token just issued: the only moment at which its text exists.
package struct IssuedToken: Sendable {
    /// The public part.
    package let id: TokenID
    /// The text for the client.
    package let text: Secret
    /// When its life ends, if ever.
    package let expiresAt: UTCTimestamp?
}

extension TenantStore {
    fileprivate func index(ofTenant id: String) throws(AccessFailure) -> Int {
        guard let index = tenants.firstIndex(where: { $0.id == id }) else {
            throw .input("there is no tenant \(JSONText.quoted(id)); see: kayle-gateway tenant list")
        }
        return index
    }

    fileprivate func index(ofToken id: TokenID) throws(AccessFailure) -> (tenant: Int, token: Int) {
        for (tenant, stored) in tenants.enumerated() {
            if let token = stored.tokens.firstIndex(where: { $0.id == id }) { return (tenant, token) }
        }
        throw .input("there is no token \(id.text); see: kayle-gateway token list")
    }

    fileprivate mutating func make(
        _ order: TokenOrder, tenant: Int, _ keys: AccessKeys, now: UTCTimestamp,
        randomness: inout some RandomNumberGenerator
    ) -> IssuedToken {
        let taken = Set(tenants.flatMap { $0.tokens.map(\.id) })
        var id = TokenID(randomness: &randomness)
        // Of 36¹² ids at most a million are taken: a second draw is a curiosity, a third never happens.
        while taken.contains(id) { id = TokenID(randomness: &randomness) }
        let text = Token.make(id: id, randomness: &randomness)
        let expiresAt = order.lifetime.map { now.later(by: $0) }
        let digest = text.withBytes { keys.digestKey.digest($0) }
        tenants[tenant].tokens.append(
            StoredToken(
                id: id, name: order.name, digest: digest, scopes: order.scopes, createdAt: now,
                expiresAt: expiresAt, allow: order.allow))
        return IssuedToken(id: id, text: text, expiresAt: expiresAt)
    }
}

extension UTCTimestamp {
    /// So much later, in whole seconds, at most the latest second that can be written.
    fileprivate func later(by duration: Duration) -> UTCTimestamp {
        let (sum, overflow) = unixSeconds.addingReportingOverflow(duration.components.seconds)
        return UTCTimestamp(
            unixSeconds: overflow ? Self.latest.unixSeconds : min(sum, Self.latest.unixSeconds))
    }
}
