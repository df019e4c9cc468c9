package import HTTPModel

/// What a route asks of the one who calls it.
package enum AccessPolicy: Sendable, Hashable {
    /// Nothing: there is no tenant, and no credential reaches the upstream.
    case open
    /// A good token. With a scope, one that satisfies it. Without, a token with any scope for a safe method
    /// and with any write scope for every other: a route that does not say what it needs must not let a token
    /// change things that was issued for reading.
    case token(needs: Scope?)

    /// Decides on one request. `authorization` is the value of its only Authorization field, empty if there
    /// is none; a request with two of them has been refused before.
    package func decide(
        _ subject: AccessSubject, authorization: Span<UInt8>, in snapshot: AccessSnapshot
    ) -> AccessDecision {
        switch self {
        case .open: return .open
        case .token(let need):
            switch snapshot.authenticate(authorization, nowUnixSeconds: subject.nowUnixSeconds) {
            case .refused(let reason, let holder): return .refused(reason, holder: holder)
            case .granted(let grant):
                guard snapshot.allows(subject.address, for: grant) else {
                    return .refused(.addressNotAllowed, holder: grant)
                }
                guard snapshot.allows(routeIndex: subject.routeIndex, for: grant) else {
                    return .refused(.routeNotAllowed, holder: grant)
                }
                guard Self.isSatisfied(need, by: grant.scopes, subject.method) else {
                    return .refused(.scopeMissing, holder: grant)
                }
                return .granted(grant)
            }
        }
    }

    private static func isSatisfied(_ need: Scope?, by scopes: ScopeSet, _ method: Method) -> Bool {
        if let need { return scopes.satisfies(need) }
        return method.isSafe ? !scopes.isEmpty : !scopes.isDisjoint(with: .writes)
    }
}

/// What a decision needs to know of a request.
package struct AccessSubject: Sendable {
    /// The request's method.
    package let method: Method
    /// Where the request comes from.
    package let address: IPAddress
    /// The position of the route in the table: a token may be bound to some of them.
    package let routeIndex: Int
    /// The wall clock, in seconds since 1970: the life of a token is told in dates.
    package let nowUnixSeconds: Int64

    /// Makes a subject.
    package init(method: Method, address: IPAddress, routeIndex: Int, nowUnixSeconds: Int64) {
        self.method = method
        self.address = address
        self.routeIndex = routeIndex
        self.nowUnixSeconds = nowUnixSeconds
    }
}

/// What became of a request at the access stage.
package enum AccessDecision: Sendable, Equatable {
    /// The route is open; the request has no tenant.
    case open
    /// The request acts for the grant's tenant.
    case granted(TokenGrant)
    /// The request ends here. `holder` tells the log whose good token it was; absent if the token is not
    /// good.
    case refused(AccessRefusal, holder: TokenGrant?)
}

/// Why a request was refused at the access stage. The log and the metric know; the client is told no more
/// than `challenge`, so that no answer helps to guess a token.
package enum AccessRefusal: UInt8, Sendable, Hashable, CaseIterable {
    /// There is no Authorization field.
    case missing
    /// Another scheme than Bearer, or not the shape of a token: a slip, a guess, or another system's token.
    case malformed
    /// No token has this id.
    case unknown
    /// There is a token with this id, but this is not it.
    case digestMismatch
    /// The token was revoked.
    case revoked
    /// The token's life has not begun.
    case notYetValid
    /// The token's life has ended.
    case expired
    /// The token is good, but the gateway has no upstream token for its tenant.
    case upstreamCredentialMissing
    /// The token is good, but not from this address.
    case addressNotAllowed
    /// The token is good, but bound to other routes.
    case routeNotAllowed
    /// The token is good, but does not have the scope of this route.
    case scopeMissing

    /// What the client is told.
    package enum Answer: Sendable, Hashable {
        /// 401: one and the same answer for every token that is not good.
        case unauthorized
        /// 403: the token is good, and this is not for it.
        case forbidden
    }

    /// What the client is told.
    package var answer: Answer {
        switch self {
        case .missing, .malformed, .unknown, .digestMismatch, .revoked, .notYetValid, .expired,
            .upstreamCredentialMissing:
            .unauthorized
        case .addressNotAllowed, .routeNotAllowed, .scopeMissing: .forbidden
        }
    }

    /// Whether it is a failed attempt at showing a good token. To show none is no attempt, and what is wrong
    /// with a good one is not for guessing.
    package var isFailedToken: Bool {
        switch self {
        case .malformed, .unknown, .digestMismatch, .revoked, .notYetValid, .expired: true
        case .missing, .upstreamCredentialMissing, .addressNotAllowed, .routeNotAllowed, .scopeMissing: false
        }
    }

    /// Whether it is one of those that a token's life and dates decide (`PreparedToken.refusal`).
    package var isOfLife: Bool {
        switch self {
        case .revoked, .notYetValid, .expired: true
        case .missing, .malformed, .unknown, .digestMismatch, .upstreamCredentialMissing, .addressNotAllowed,
            .routeNotAllowed, .scopeMissing:
            false
        }
    }

    /// What the client is told, in words. Whoever shows a good token may know what it lacks.
    package var sentence: StaticString {
        switch self {
        case .missing, .malformed, .unknown, .digestMismatch, .revoked, .notYetValid, .expired,
            .upstreamCredentialMissing:
            "The request needs a valid token."
        case .addressNotAllowed: "The token may not be used from this address."
        case .routeNotAllowed: "The token may not use this route."
        case .scopeMissing: "The token does not have the scope of this route."
        }
    }

    /// The reason's word in the log and in metrics.
    package var word: StaticString {
        switch self {
        case .missing: "token_missing"
        case .malformed: "token_malformed"
        case .unknown: "token_unknown"
        case .digestMismatch: "token_digest_mismatch"
        case .revoked: "token_revoked"
        case .notYetValid: "token_not_yet_valid"
        case .expired: "token_expired"
        case .upstreamCredentialMissing: "upstream_credential_missing"
        case .addressNotAllowed: "address_not_allowed"
        case .routeNotAllowed: "route_not_allowed"
        case .scopeMissing: "scope_missing"
        }
    }
}
