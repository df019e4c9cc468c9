import HTTPModel

/// All tenants and tokens at one moment, prepared for looking up. Immutable and shared by all workers; a
/// change of the store makes a new one.
package final class AccessSnapshot: Sendable {
    /// The tenants, in the order of the store.
    package let tenants: [Tenant]
    /// What an operator should know though the store was taken, such as a tenant without its upstream token.
    package let warnings: [String]

    private let tokens: [PreparedToken]
    private let owners: [PreparedTenant]
    // By token, and by tenant.
    private let allowLists: [[AddressBlock]]
    private let tenantAllowLists: [[AddressBlock]]
    private let routeLists: RouteLists
    // When each token was last used, in seconds since 1970, by position; 0 for not yet.
    private let usedAt: AtomicWords
    // Open addressing: positions in `tokens` by id, at most half full, `free` where there is none.
    private let slots: [UInt32]
    private let slotShift: UInt64
    private let digestKey: DigestKey
    // The keys under all peppers but the newest, by position.
    private let olderDigestKeys: [DigestKey]
    // The field with a token that nobody has, drawn anew for each snapshot.
    private let standIn: [UInt8]

    /// What a request needs of a tenant, likewise without a reference.
    private struct PreparedTenant {
        let identity: UInt64
        let credentialIdentity: UInt64
        let hasCredential: Bool

        init(_ tenant: Tenant) {
            identity = tenant.identity
            credentialIdentity = tenant.credentialIdentity
            hasCredential = tenant.credential != nil
        }
    }

    private static let free = UInt32.max

    /// Prepares what the store says. `credential` gives a tenant's upstream token, or why there is none.
    ///
    /// The store has been checked: no two tenants or tokens have the same id, and all plans are in `known`.
    package init(
        _ store: TenantStore, known: KnownNames, keys: AccessKeys, refused: Set<UInt64> = [],
        credential: (StoredTenant) -> TenantCredential,
        nextCredential: (StoredTenant) -> TenantCredential? = { _ in nil }
    ) {
        digestKey = keys.digestKey
        olderDigestKeys = (1..<max(keys.count, 1)).map { keys.digestKey(at: $0) }
        standIn = Self.makeStandIn()
        var tenants: [Tenant] = []
        var tokens: [PreparedToken] = []
        var allowLists: [[AddressBlock]] = []
        var routeLists = RouteLists(routeCount: known.routes.count)
        let routePositions = Dictionary(uniqueKeysWithValues: known.routes.enumerated().map { ($1, $0) })
        var warnings: [String] = []
        for stored in store.tenants {
            let found = credential(stored)
            let next = nextCredential(stored)
            for case .missing(let why)? in [found, next] {
                warnings.append("tenant \(stored.id): \(why)")
            }
            guard let plan = known.plans.firstIndex(of: stored.plan) else {
                preconditionFailure("tenant \(stored.id) has the unknown plan \(stored.plan)")
            }
            for token in stored.tokens {
                let pepper = keys.position(ofPepper: token.pepper)
                if pepper == nil {
                    warnings.append(
                        "token \(token.id.text) of tenant \(stored.id): its pepper is gone, so nobody can use it"
                    )
                }
                for name in token.ceilings.routes where routePositions[name] == nil {
                    warnings.append(
                        "token \(token.id.text) of tenant \(stored.id): there is no route \(name)")
                }
                // A name that is no route's any more allows nothing; it does not set the token free.
                let routes = token.ceilings.routes.compactMap { routePositions[$0] }
                tokens.append(
                    PreparedToken(
                        token, of: stored, tenant: UInt32(tenants.count), pepper: pepper,
                        routeList: token.ceilings.routes.isEmpty ? nil : routeLists.add(routes),
                        noticeSeconds: known.expiryNotice.components.seconds))
                allowLists.append(token.allow)
            }
            tenants.append(
                Tenant(
                    stored, planIndex: plan, first: found.secret, next: next?.secret, keys: keys,
                    refused: refused))
        }
        self.tenants = tenants
        self.tokens = tokens
        owners = tenants.map { PreparedTenant($0) }
        self.allowLists = allowLists
        tenantAllowLists = store.tenants.map(\.allow)
        self.routeLists = routeLists
        usedAt = AtomicWords(count: max(tokens.count, 1))
        self.warnings = warnings
        (slots, slotShift) = Self.index(tokens)
        checkInvariants()
    }

    /// The same tenants and tokens with the second upstream tokens of those tenants whose first one was
    /// refused.
    package func changed(refused: Set<UInt64>) -> AccessSnapshot {
        AccessSnapshot(self, tenants: tenants.map { $0.changed(refused: refused) })
    }

    private init(_ other: AccessSnapshot, tenants: [Tenant]) {
        self.tenants = tenants
        owners = tenants.map { PreparedTenant($0) }
        warnings = other.warnings
        tokens = other.tokens
        allowLists = other.allowLists
        tenantAllowLists = other.tenantAllowLists
        routeLists = other.routeLists
        usedAt = AtomicWords(count: max(other.tokens.count, 1))
        slots = other.slots
        slotShift = other.slotShift
        digestKey = other.digestKey
        olderDigestKeys = other.olderDigestKeys
        standIn = other.standIn
        checkInvariants()
    }

    /// Finds out whose token an Authorization field shows, if it is good.
    ///
    /// No allocation. What is malformed ends early, and nothing is hashed for an id that nobody has: whoever
    /// answers 401 to that calls `judgeInVain` first, so that every refusal takes as long as a wrong secret
    /// (docs/decisions/0012).
    package func authenticate(_ authorization: Span<UInt8>, nowUnixSeconds: Int64) -> Authentication {
        guard !authorization.isEmpty else { return .refused(.missing, holder: nil) }
        // RFC 9110 §11.1: the scheme has no case. RFC 6750 §2.1: one space follows; the token is exact.
        guard authorization.count == 7 + Token.byteCount, authorization[6] == 0x20,
            authorization.extracting(0..<6).equalsIgnoringCase("bearer")
        else { return .refused(.malformed, holder: nil) }
        let bytes = authorization.extracting(droppingFirst: 7)
        guard let id = Token.parse(bytes) else { return .refused(.malformed, holder: nil) }
        guard let position = position(of: id) else { return .refused(.unknown, holder: nil) }
        let token = tokens[position]
        let isMatch =
            token.pepper == 0
            ? digestKey.matches(bytes, token.digest) : matchesUnderOlderPepper(bytes, token)
        guard isMatch else { return .refused(.digestMismatch, holder: nil) }
        let grant = grant(position)
        if let reason = token.refusal(at: nowUnixSeconds) { return .refused(reason, holder: grant) }
        guard owners[grant.tenantIndex].hasCredential else {
            return .refused(.upstreamCredentialMissing, holder: grant)
        }
        return .granted(grant)
    }

    /// Why the token of a grant that this snapshot gave is not good at a moment: of all that it is judged by,
    /// only its dates end with the clock.
    package func refusal(of grant: TokenGrant, nowUnixSeconds: Int64) -> AccessRefusal? {
        checkOrigin(of: grant)
        return tokens[grant.tokenIndex].refusal(at: nowUnixSeconds)
    }

    private func matchesUnderOlderPepper(_ bytes: Span<UInt8>, _ token: PreparedToken) -> Bool {
        guard token.pepper != PreparedToken.unknownPepper else {
            _ = digestKey.matches(bytes, .zero)
            return false
        }
        return olderDigestKeys[Int(token.pepper) - 1].matches(bytes, token.digest)
    }

    /// Does what is left undone when a token was refused before its secret was looked at, with a token that
    /// nobody has: so that each refusal has read one shape and checksum, looked up one id and computed one
    /// hash. `bench/instructions` counts it for every kind.
    package func judgeInVain(after reason: AccessRefusal) {
        switch reason {
        case .malformed:
            let field = standIn
            if case .refused(.unknown, _) = authenticate(field.span, nowUnixSeconds: 0) { hashInVain() }
        case .unknown: hashInVain()
        case .missing, .digestMismatch, .revoked, .notYetValid, .expired, .upstreamCredentialMissing,
            .addressNotAllowed, .routeNotAllowed, .scopeMissing:
            break
        }
    }

    private func hashInVain() {
        let field = standIn
        // No digest is zero, so this never matches.
        _ = digestKey.matches(field.span.extracting(droppingFirst: 7), .zero)
    }

    private static func makeStandIn() -> [UInt8] {
        var randomness = SystemRandomness()
        let token = Token.make(id: TokenID(randomness: &randomness), randomness: &randomness)
        return Array("Bearer ".utf8) + token.withBytes { $0.array }
    }

    /// Whether the grant's token may be used from an address: neither it nor its tenant has an allow list
    /// without the address.
    package func allows(_ address: IPAddress, for grant: TokenGrant) -> Bool {
        guard grant.hasAllowList else { return true }
        checkOrigin(of: grant)
        return Self.allows(address, allowLists[grant.tokenIndex])
            && Self.allows(address, tenantAllowLists[grant.tenantIndex])
    }

    private static func allows(_ address: IPAddress, _ list: [AddressBlock]) -> Bool {
        list.isEmpty || list.contains { $0.contains(address) }
    }

    /// Whether the grant's token may use the route at this position: it has no list, or the route is on it.
    package func allows(routeIndex: Int, for grant: TokenGrant) -> Bool {
        grant.routeList < 0 || routeLists.list(grant.routeList, holds: routeIndex)
    }

    /// What answers to the grant's token say of its end.
    package func farewell(of grant: TokenGrant, nowUnixSeconds: Int64) -> TokenFarewell {
        tokens[grant.tokenIndex].farewell.at(nowUnixSeconds)
    }

    /// Notes that a token was used: a load, and once a second a store. Any worker.
    package func noteUse(of grant: TokenGrant, nowUnixSeconds: Int64) {
        let now = UInt64(clamping: nowUnixSeconds)
        if usedAt.load(grant.tokenIndex) != now { usedAt.store(grant.tokenIndex, now) }
    }

    /// When tokens were last used while this snapshot was, in seconds since 1970. For the main thread.
    package var uses: [(token: TokenID, atUnixSeconds: Int64)] {
        tokens.indices.compactMap { position in
            let seconds = usedAt.load(position)
            return seconds == 0 ? nil : (tokens[position].id, Int64(clamping: seconds))
        }
    }

    /// All tokens.
    package var tokenIDs: Set<TokenID> { Set(tokens.map(\.id)) }

    /// The tenant of a grant that this snapshot gave.
    package func tenant(of grant: TokenGrant) -> Tenant {
        checkOrigin(of: grant)
        return tenants[grant.tenantIndex]
    }

    /// A grant of another snapshot may carry another tenant's position: using it would mix tenants.
    private func checkOrigin(of grant: TokenGrant) {
        precondition(
            grant.tokenIndex < tokens.count && tokens[grant.tokenIndex].id == grant.token
                && owners[grant.tenantIndex].identity == grant.tenantIdentity,
            "a grant was used with another snapshot than its own")
    }

    private func grant(_ position: Int) -> TokenGrant {
        let token = tokens[position]
        let owner = owners[Int(token.tenant)]
        return TokenGrant(
            tenantIndex: Int(token.tenant), tokenIndex: position, hasAllowList: token.hasAllowList,
            routeList: token.routeList, maximumLimit: token.maximumLimit, token: token.id,
            scopes: token.scopes, tenantIdentity: owner.identity,
            credentialIdentity: owner.credentialIdentity)
    }

    private func position(of id: TokenID) -> Int? {
        let mask = slots.count - 1
        var slot = Self.firstSlot(of: id, shift: slotShift)
        // Half of the slots are free, so the search ends.
        while slots[slot] != Self.free {
            let position = Int(slots[slot])
            if tokens[position].id == id { return position }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Fibonacci hashing: ids drawn at random need no more, and ids chosen by hand are few.
    private static func firstSlot(of id: TokenID, shift: UInt64) -> Int {
        Int((id.value &* 0x9E37_79B9_7F4A_7C15) >> shift)
    }

    private static func index(_ tokens: [PreparedToken]) -> (slots: [UInt32], shift: UInt64) {
        var bits: UInt64 = 1
        while 1 << bits < tokens.count * 2 { bits += 1 }
        let shift = 64 - bits
        var slots = [UInt32](repeating: free, count: 1 << bits)
        for (position, token) in tokens.enumerated() {
            var slot = firstSlot(of: token.id, shift: shift)
            while slots[slot] != free { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(position)
        }
        return (slots, shift)
    }

    /// Checked when a snapshot is made, also in release: a mistake here would give one tenant another's
    /// answers.
    private func checkInvariants() {
        precondition(Set(tenants.map(\.identity)).count == tenants.count, "two tenants have one identity")
        // Of two tokens with one id, only one would be found.
        for (position, token) in tokens.enumerated() {
            precondition(self.position(of: token.id) == position, "token \(token.id.text) is not found")
        }
    }
}

/// What an Authorization field came to.
package enum Authentication: Sendable, Equatable {
    /// The token is good.
    case granted(TokenGrant)
    /// It is not. `holder` is whose it is, where the token itself was right.
    case refused(AccessRefusal, holder: TokenGrant?)
}

/// Proof that a request may act for a tenant. A plain value, so that handing it on counts no references;
/// good only with the snapshot that gave it.
package struct TokenGrant: Sendable, Hashable {
    /// The position of the tenant in the snapshot that gave the grant.
    package let tenantIndex: Int
    fileprivate let tokenIndex: Int
    fileprivate let hasAllowList: Bool
    fileprivate let routeList: Int32
    /// The largest page it may ask for, in rows; `UInt32.max` for any.
    package let maximumLimit: UInt32
    /// The token, for logs; its `value` is the token's identity for limits.
    package let token: TokenID
    /// What the token may do.
    package let scopes: ScopeSet
    /// The tenant's identity for limits and cache: the same for as long as the pepper is.
    package let tenantIdentity: UInt64
    /// The identity of the tenant's upstream token for limits and cache; another token, another identity.
    package let credentialIdentity: UInt64
}
