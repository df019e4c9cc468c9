import HTTPModel
import Settings

@testable import GatewayCore

/// A store in memory whose tokens are known to the test.
struct AccessFixture {
    /// The moment at which everything here happens.
    static let now = UTCTimestamp(unixSeconds: 1_795_392_000)

    var store = TenantStore()
    var keys = AccessKeys(pepper: Array("a pepper of a test, long enough for all".utf8).span)
    private var randomness = SystemRandomness()

    /// What the configuration around the store has.
    static func known(notice: Duration = .seconds(0)) -> KnownNames {
        KnownNames(
            plans: ["free", "standard"], routes: (0..<70).map { "route-\($0)" } + ["sessions.list"],
            expiryNotice: notice)
    }

    /// Adds a tenant.
    mutating func addTenant(_ id: String, plan: String = "standard") {
        store.tenants.append(StoredTenant(id: id, plan: plan, upstreamToken: .environment("KEY_\(id)")))
    }

    /// Adds a token to the last tenant and gives its text. Ages are seconds from now.
    mutating func addToken(
        _ scopes: ScopeSet = .sessionsRead, allow: [AddressBlock] = [], begins: Int64? = nil,
        ends: Int64? = nil, revoked: Int64? = nil, created: Int64? = nil, rotated: Int64? = nil,
        ceilings: TokenCeilings = .none
    ) -> [UInt8] {
        let id = TokenID(randomness: &randomness)
        let text = Token.make(id: id, randomness: &randomness).withBytes { $0.array }
        func at(_ seconds: Int64?) -> UTCTimestamp? {
            seconds.map { UTCTimestamp(unixSeconds: Self.now.unixSeconds + $0) }
        }
        var token = StoredToken(
            id: id, digest: keys.digestKey.digest(text.span), scopes: scopes, createdAt: at(created),
            notBefore: at(begins),
            allow: allow, ceilings: ceilings)
        token.expiresAt = at(ends)
        token.revokedAt = at(revoked)
        token.rotatedAt = at(rotated)
        store.tenants[store.tenants.count - 1].tokens.append(token)
        return text
    }

    /// The snapshot; a tenant's upstream token is made of its id, but for tenants called `poor`.
    func snapshot(notice: Duration = .seconds(0)) -> AccessSnapshot {
        AccessSnapshot(store, known: Self.known(notice: notice), keys: keys) { tenant in
            tenant.id == "poor" ? .missing(why: "it has none") : .found(Secret("kk_live_\(tenant.id)"))
        }
    }

    /// The value of an Authorization field.
    static func bearer(_ token: [UInt8], scheme: String = "Bearer ") -> [UInt8] { Array(scheme.utf8) + token }
}
