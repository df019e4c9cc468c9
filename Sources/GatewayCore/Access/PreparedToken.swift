import HTTPModel

/// What a request needs of a token, without a reference in it: reading one counts nothing.
struct PreparedToken {
    let id: TokenID
    let digest: Digest
    let tenant: UInt32
    let scopes: ScopeSet
    /// The position of the pepper that the digest was made under, 0 for the newest.
    let pepper: UInt8
    /// Whether it or its tenant is bound to addresses.
    let hasAllowList: Bool
    /// The number of its list of routes; negative for none.
    let routeList: Int32
    let maximumLimit: UInt32
    let notBefore: Int64
    let expiresAt: Int64
    let farewell: TokenFarewell
    let isRevoked: Bool

    /// Stands for a pepper that is gone: nothing can be checked under it.
    static let unknownPepper = UInt8.max

    /// Prepares a token of a tenant. `pepper` and `routeList` are what its names stand for.
    init(
        _ token: StoredToken, of owner: StoredTenant, tenant: UInt32, pepper: Int?, routeList: Int32?,
        noticeSeconds: Int64
    ) {
        id = token.id
        digest = token.digest
        self.tenant = tenant
        scopes = token.scopes
        self.pepper = pepper.map { UInt8($0) } ?? Self.unknownPepper
        hasAllowList = !token.allow.isEmpty || !owner.allow.isEmpty
        self.routeList = routeList ?? -1
        maximumLimit = token.ceilings.maximumLimit.map { UInt32($0) } ?? .max
        notBefore = token.notBefore?.unixSeconds ?? .min
        expiresAt = token.expiresAt?.unixSeconds ?? .max
        farewell = TokenFarewell(of: token, noticeSeconds: noticeSeconds)
        isRevoked = token.revokedAt != nil
    }

    /// Why it is not good at a moment, in seconds since 1970; `nil` if it is.
    func refusal(at nowUnixSeconds: Int64) -> AccessRefusal? {
        // Whatever the date says: a clock that lags behind the writer's must not prolong a token's life.
        if isRevoked { return .revoked }
        if notBefore > nowUnixSeconds { return .notYetValid }
        return expiresAt <= nowUnixSeconds ? .expired : nil
    }
}
