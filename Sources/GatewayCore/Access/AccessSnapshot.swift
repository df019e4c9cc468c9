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
    private let allowLists: [[AddressBlock]]
    // Open addressing: positions in `tokens` by id, at most half full, `free` where there is none.
    private let slots: [UInt32]
    private let slotShift: UInt64
    private let digestKey: DigestKey

    /// What a request needs of a token, without a reference in it: reading one counts nothing.
    private struct PreparedToken {
        let id: TokenID
        let digest: Digest
        let tenant: UInt32
        let scopes: ScopeSet
        let hasAllowList: Bool
        let notBefore: Int64
        let expiresAt: Int64
        let isRevoked: Bool
    }

    /// What a request needs of a tenant, likewise.
    private struct PreparedTenant {
        let identity: UInt64
        let credentialIdentity: UInt64
        let hasCredential: Bool
    }

    private static let free = UInt32.max

    /// Prepares what the store says. `credential` gives a tenant's upstream token, or why there is none.
    ///
    /// The store has been checked: no two tenants or tokens have the same id, and all plans are in `plans`.
    package init(
        _ store: TenantStore, plans: [String], keys: AccessKeys,
        credential: (StoredTenant) -> TenantCredential
    ) {
        digestKey = keys.digestKey
        var tenants: [Tenant] = []
        var tokens: [PreparedToken] = []
        var allowLists: [[AddressBlock]] = []
        var warnings: [String] = []
        for stored in store.tenants {
            let found = credential(stored)
            if case .missing(let why) = found { warnings.append("tenant \(stored.id): \(why)") }
            guard let plan = plans.firstIndex(of: stored.plan) else {
                preconditionFailure("tenant \(stored.id) has the unknown plan \(stored.plan)")
            }
            for token in stored.tokens {
                tokens.append(Self.prepare(token, tenant: UInt32(tenants.count)))
                allowLists.append(token.allow)
            }
            tenants.append(Tenant(stored, planIndex: plan, credential: found.secret, keys: keys))
        }
        self.tenants = tenants
        self.tokens = tokens
        owners = tenants.map {
            PreparedTenant(
                identity: $0.identity, credentialIdentity: $0.credentialIdentity,
                hasCredential: $0.credential != nil)
        }
        self.allowLists = allowLists
        self.warnings = warnings
        (slots, slotShift) = Self.index(tokens)
        checkInvariants()
    }

    /// Finds out whose token an Authorization field shows, if it is good.
    ///
    /// No allocation. Takes alike for every well-formed token, known or not: an unknown id is checked against
    /// a digest that nothing has. Shape and checksum of a token are no secret, so what fails them ends early.
    package func authenticate(_ authorization: Span<UInt8>, nowUnixSeconds: Int64) -> Authentication {
        guard !authorization.isEmpty else { return .refused(.missing, holder: nil) }
        // RFC 9110 §11.1: the scheme has no case. RFC 6750 §2.1: one space follows; the token is exact.
        guard authorization.count == 7 + Token.byteCount, authorization[6] == 0x20,
            authorization.extracting(0..<6).equalsIgnoringCase("bearer")
        else { return .refused(.malformed, holder: nil) }
        let bytes = authorization.extracting(droppingFirst: 7)
        guard let id = Token.parse(bytes) else { return .refused(.malformed, holder: nil) }
        let position = position(of: id)
        let isMatch = digestKey.matches(bytes, position.map { tokens[$0].digest } ?? .zero)
        guard let position else { return .refused(.unknown, holder: nil) }
        guard isMatch else { return .refused(.digestMismatch, holder: nil) }
        let grant = grant(position)
        let token = tokens[position]
        // Whatever the date says: a clock that lags behind the writer's must not prolong a token's life.
        if token.isRevoked { return .refused(.revoked, holder: grant) }
        if token.notBefore > nowUnixSeconds { return .refused(.notYetValid, holder: grant) }
        if token.expiresAt <= nowUnixSeconds { return .refused(.expired, holder: grant) }
        guard owners[grant.tenantIndex].hasCredential else {
            return .refused(.upstreamCredentialMissing, holder: grant)
        }
        return .granted(grant)
    }

    /// Whether the grant's token may be used from an address: it has no allow list, or the address is on it.
    package func allows(_ address: IPAddress, for grant: TokenGrant) -> Bool {
        guard grant.hasAllowList else { return true }
        checkOrigin(of: grant)
        return allowLists[grant.tokenIndex].contains { $0.contains(address) }
    }

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
            token: token.id, scopes: token.scopes, tenantIdentity: owner.identity,
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

    private static func prepare(_ token: StoredToken, tenant: UInt32) -> PreparedToken {
        PreparedToken(
            id: token.id, digest: token.digest, tenant: tenant, scopes: token.scopes,
            hasAllowList: !token.allow.isEmpty, notBefore: token.notBefore?.unixSeconds ?? .min,
            expiresAt: token.expiresAt?.unixSeconds ?? .max, isRevoked: token.revokedAt != nil)
    }

    /// Checked when a snapshot is made, also in release: a mistake here would give one tenant another's
    /// answers.
    private func checkInvariants() {
        precondition(Set(tenants.map(\.identity)).count == tenants.count, "two tenants have one identity")
        precondition(Set(tokens.map(\.id)).count == tokens.count, "two tokens have one id")
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
    /// The token, for logs; its `value` is the token's identity for limits.
    package let token: TokenID
    /// What the token may do.
    package let scopes: ScopeSet
    /// The tenant's identity for limits and cache: the same for as long as the pepper is.
    package let tenantIdentity: UInt64
    /// The identity of the tenant's upstream token for limits and cache; another token, another identity.
    package let credentialIdentity: UInt64
}

/// Who is behind the gateway's answers: a customer with a plan and an upstream token of its own.
package final class Tenant: Sendable {
    /// The name in store, logs and metrics.
    package let id: String
    /// The name of the plan.
    package let plan: String
    /// The position of the plan in the configuration that the snapshot was made with.
    package let planIndex: Int
    /// What it has in common with other tenants that reach the same data upstream; `nil` if there are none.
    package let organization: String?
    /// The upstream token, as it goes into the Authorization field after `Bearer `; absent if it was not
    /// found.
    package let credential: Secret?
    /// A number that stands for the tenant: the same for as long as the pepper is.
    package let identity: UInt64
    /// A number that stands for the upstream token; tells nothing about it.
    package let credentialIdentity: UInt64

    fileprivate init(_ stored: StoredTenant, planIndex: Int, credential: Secret?, keys: AccessKeys) {
        id = stored.id
        plan = stored.plan
        self.planIndex = planIndex
        organization = stored.organization
        self.credential = credential
        identity = keys.identity(of: Array("tenant \(stored.id)".utf8).span)
        // The tenant is part of it: two tenants with one upstream token share nothing all the same.
        let own = identity
        credentialIdentity =
            credential?.withBytes { bytes in
                var message = Array("credential \(own) ".utf8)
                message.reserveCapacity(message.count + bytes.count)
                for index in bytes.indices { message.append(bytes[index]) }
                defer { Secret.wipe(&message) }
                return keys.identity(of: message.span)
            } ?? 0
    }
}

/// A tenant's upstream token, or why there is none.
package enum TenantCredential: Sendable {
    case found(Secret)
    case missing(why: String)

    fileprivate var secret: Secret? {
        switch self {
        case .found(let secret): secret
        case .missing: nil
        }
    }
}
