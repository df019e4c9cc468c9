package import HTTPModel
import Settings

/// Changes the tenant store on disk: what the commands do, without the commands.
///
/// Every change is a read, an edit and a replacement under the store's lock, so that of two changes made at
/// once none is lost, and a running gateway sees either the old store or the new one.
package struct TenantStoreEditor: Sendable {
    private let file: AtomicFile
    let pepper: Pepper
    private let audit: AuditLog
    private let lastUse: LastUseFile
    private let known: KnownNames
    private var plans: [String] { known.plans }

    /// An editor of the store that the configuration names.
    package init(_ credentials: CredentialsConfiguration, known: KnownNames) {
        file = AtomicFile(path: credentials.storePath)
        pepper = Pepper(credentials.pepper)
        lastUse = LastUseFile(credentials)
        audit = AuditLog(credentials)
        self.known = known
    }

    /// The store as it is; without a file it is empty.
    package func read() throws(AccessFailure) -> TenantStore {
        try TenantStore(path: file.path, plans: plans) { () throws(AtomicFileFailure) in
            try file.read(maximumBytes: TenantStore.maximumBytes)
        }
    }

    /// When each token was last used, as far as a gateway has written it down.
    package func readLastUses() throws(AccessFailure) -> [TokenID: UTCTimestamp] { try lastUse.read() }

    /// Adds a tenant.
    package func addTenant(
        _ id: String, plan: String, upstreamToken: UpstreamTokenPlace, allow: [AddressBlock] = [],
        organization: String? = nil
    ) throws(AccessFailure) {
        guard SettingsName.isName(id) else {
            throw .input("\(JSONText.quoted(id)) is no tenant id; allowed: 1 to 64 of A-Z a-z 0-9 . _ -")
        }
        try check(plan: plan)
        try Self.check(organization: organization)
        try edit { (store: inout TenantStore) throws(AccessFailure) in
            guard !store.tenants.contains(where: { $0.id == id }) else {
                throw .input("there is a tenant \(id) already; remove it first, or choose another id")
            }
            let source = try source(
                of: upstreamToken, for: id, StoredTenant.upstreamTokenField, in: store)
            var tenant = StoredTenant(id: id, plan: plan, upstreamToken: source)
            tenant.allow = allow
            tenant.organization = organization
            store.tenants.append(tenant)
        }
    }

    private static func check(organization name: String?) throws(AccessFailure) {
        guard let name, !SettingsName.isName(name) else { return }
        throw .input(
            "\(JSONText.quoted(name)) is no organization; allowed: 1 to 64 of A-Z a-z 0-9 . _ -")
    }

    /// Changes of a tenant what the change names.
    package func changeTenant(_ id: String, _ change: TenantChange) throws(AccessFailure) {
        if let plan = change.plan { try check(plan: plan) }
        if case .set(let name) = change.organization { try Self.check(organization: name) }
        try edit { (store: inout TenantStore) throws(AccessFailure) in
            let index = try store.index(ofTenant: id)
            if let plan = change.plan { store.tenants[index].plan = plan }
            if let allow = change.allow { store.tenants[index].allow = allow }
            switch change.organization {
            case .kept: break
            case .set(let name): store.tenants[index].organization = name
            case .removed: store.tenants[index].organization = nil
            }
            if let place = change.upstreamToken {
                store.tenants[index].upstreamToken = try source(
                    of: place, for: id, StoredTenant.upstreamTokenField, in: store)
            }
            switch change.nextUpstreamToken {
            case .kept: break
            case .removed: store.tenants[index].upstreamTokenNext = nil
            case .set(let place):
                store.tenants[index].upstreamTokenNext = try source(
                    of: place, for: id, StoredTenant.upstreamTokenNextField, in: store)
            case .promoted:
                store.tenants[index] = try promoted(store.tenants[index], in: store)
            }
        }
    }

    /// The tenant with its second upstream token as the first. A sealed one is sealed anew: it is bound to
    /// its place.
    private func promoted(
        _ tenant: StoredTenant, in store: TenantStore
    ) throws(AccessFailure) -> StoredTenant {
        guard let next = tenant.upstreamTokenNext else {
            throw .input("the tenant \(tenant.id) has no second upstream token that could become the first")
        }
        var tenant = tenant
        tenant.upstreamTokenNext = nil
        switch next {
        case .environment, .file: tenant.upstreamToken = next
        case .sealed(let text):
            let keys = try pepper.loadOrMake(for: store)
            guard let secret = keys.open(text, of: tenant.id, StoredTenant.upstreamTokenNextField) else {
                throw .input("the second upstream token of the tenant \(tenant.id) does not open")
            }
            tenant.upstreamToken = try source(
                of: .sealing(secret), for: tenant.id, StoredTenant.upstreamTokenField, in: store)
        }
        return tenant
    }

    private func check(plan: String) throws(AccessFailure) {
        guard plans.contains(plan) else {
            let known = plans.joined(separator: ", ")
            throw .input("the configuration has no plan \(JSONText.quoted(plan)); it has: \(known)")
        }
    }

    private func source(
        of upstreamToken: UpstreamTokenPlace, for tenant: String, _ field: String, in store: TenantStore
    ) throws(AccessFailure) -> SecretSource {
        switch upstreamToken {
        case .environment(let name):
            guard SettingsName.isEnvironmentVariable(name) else {
                throw .input("\(JSONText.quoted(name)) cannot name an environment variable")
            }
            return .environment(name)
        case .file(let path): return .file(path)
        case .sealing(let secret):
            let context = SealingContext(tenant: tenant, field: field)
            return .sealed(Self.seal(secret, for: context, try pepper.loadOrMake(for: store)))
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
        for route in order.ceilings.routes where !known.routes.contains(route) {
            let names = known.routes.joined(separator: ", ")
            throw .input("the configuration has no route \(JSONText.quoted(route)); it has: \(names)")
        }
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

    /// Takes a token out of the store: for tokens that are revoked or over and that nobody asks about any
    /// more. The audit log remembers it.
    package func removeToken(_ id: TokenID) throws(AccessFailure) {
        try edit { (store: inout TenantStore) throws(AccessFailure) in
            let (tenant, token) = try store.index(ofToken: id)
            store.tenants[tenant].tokens.remove(at: token)
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
            store.tenants[tenant].tokens[token].rotatedAt = old.rotatedAt ?? now
            return issued
        }
    }

    /// Reads the store, changes it and replaces it, with a line in the audit log for each change; all under
    /// the store's lock.
    func edit<Result>(
        _ change: (inout TenantStore) throws(AccessFailure) -> Result
    ) throws(AccessFailure) -> Result {
        let locked = try lock()
        var bytes: [UInt8] = []
        var store = try TenantStore(path: file.path, plans: plans) { () throws(AtomicFileFailure) in
            let contents = try locked.read(maximumBytes: TenantStore.maximumBytes)
            bytes = contents.bytes
            return contents
        }
        let before = store
        let result = try change(&store)
        guard store != before else { return result }
        let text = store.text(for: file.path)
        // First the line: of a change that nobody wrote down nobody would ever know.
        try audit.append(
            StoreDifference(from: before, to: store).changes, store: Digest.sha256(bytes.span),
            Digest.sha256(text.span), AuditLog.Occasion())
        do throws(AtomicFileFailure) {
            try locked.replace(with: text.span)
        } catch {
            throw .unwritable(error)
        }
        return result
    }

    /// Where the audit log is.
    package var auditPath: String { audit.path }

    /// Checks the audit log, and whether it describes the store as it is.
    package func verifyAudit() throws(AccessFailure) -> AuditLog.Verdict {
        let locked = try lock()
        var bytes: [UInt8] = []
        do throws(AtomicFileFailure) {
            bytes = try locked.read(maximumBytes: TenantStore.maximumBytes).bytes
        } catch {
            guard error.reason == .missing else { throw .unreadable(error) }
        }
        return try audit.verify(store: bytes)
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

/// What of a tenant shall be otherwise; what is absent stays as it is.
package struct TenantChange: Sendable {
    /// What becomes of the second upstream token.
    package enum NextUpstreamToken: Sendable {
        /// It stays as it is.
        case kept
        /// This is the second from now on.
        case set(UpstreamTokenPlace)
        /// It becomes the first, and there is no second.
        case promoted
        /// There is none any more.
        case removed
    }

    /// What becomes of the organization.
    package enum Organization: Sendable {
        /// It stays as it is.
        case kept
        /// This is the tenant's from now on.
        case set(String)
        /// There is none any more.
        case removed
    }

    /// The name of the plan.
    package var plan: String?
    /// What it has in common with other tenants.
    package var organization = Organization.kept
    /// Where the tenant's tokens may be used; empty, everywhere.
    package var allow: [AddressBlock]?
    /// Where the first upstream token is.
    package var upstreamToken: UpstreamTokenPlace?
    /// What becomes of the second.
    package var nextUpstreamToken = NextUpstreamToken.kept

    /// Makes a change.
    package init(plan: String? = nil, allow: [AddressBlock]? = nil) {
        self.plan = plan
        self.allow = allow
    }
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
    /// How much it may do within its scopes.
    package let ceilings: TokenCeilings
    /// When its life begins; absent, at once.
    package var notBefore: UTCTimestamp?

    /// Makes an order; `nil` if the name or the list is too long, or the name has control characters.
    package init?(
        name: String, scopes: ScopeSet, lifetime: Duration?, allow: [AddressBlock],
        ceilings: TokenCeilings = .none
    ) {
        guard Self.isName(name), allow.count <= Self.maximumBlocks else { return nil }
        self.init(checkedName: name, scopes: scopes, lifetime: lifetime, allow: allow, ceilings)
    }

    /// Whether a token may be called this: not too long, and without control characters.
    static func isName(_ name: String) -> Bool {
        name.utf8.count <= maximumNameBytes
            && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    }

    /// An order for the successor of a token.
    fileprivate init(renewing token: StoredToken) {
        let lifetime: Duration? = token.expiresAt.flatMap { end in
            // A token whose beginning nobody wrote down is followed by one without an end of its own making.
            token.createdAt.map { .seconds(max(end.unixSeconds - $0.unixSeconds, 1)) }
        }
        self.init(
            checkedName: token.name, scopes: token.scopes, lifetime: lifetime, allow: token.allow,
            token.ceilings)
    }

    private init(
        checkedName: String, scopes: ScopeSet, lifetime: Duration?, allow: [AddressBlock],
        _ ceilings: TokenCeilings
    ) {
        name = checkedName
        self.scopes = scopes
        self.lifetime = lifetime
        self.ceilings = ceilings
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
        // A life that begins later ends later.
        let begin = order.notBefore.map { max($0.unixSeconds, now.unixSeconds) } ?? now.unixSeconds
        let expiresAt = order.lifetime.map { UTCTimestamp(unixSeconds: begin).later(by: $0) }
        let digest = text.withBytes { keys.digestKey.digest($0) }
        tenants[tenant].tokens.append(
            StoredToken(
                id: id, name: order.name, digest: digest, scopes: order.scopes, createdAt: now,
                pepper: keys.newTokenPepper, notBefore: order.notBefore, expiresAt: expiresAt,
                allow: order.allow, ceilings: order.ceilings
            ))
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
