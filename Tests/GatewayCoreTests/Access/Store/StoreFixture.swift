import HTTPModel
import Settings

@testable import GatewayCore

/// A tenant store on disk, with its pepper.
struct StoreFixture: Sendable {
    let folder: TemporaryFolder
    let credentials: CredentialsConfiguration
    let editor: TenantStoreEditor
    let store: TokenStore

    /// What the configuration around the store has.
    static let known = KnownNames(plans: ["standard"], routes: ["sessions.list", "rest"])

    /// Begins with an empty folder.
    init() throws {
        folder = try TemporaryFolder()
        let text = #"{"store":"tenants.json","pepper":{"file":"pepper.key"}}"#
        credentials = try SettingsReader.read(Array(text.utf8), file: folder["gateway.json"]) {
            CredentialsConfiguration(reading: $0)
        }
        editor = TenantStoreEditor(credentials, known: Self.known)
        store = TokenStore(credentials, known: Self.known)
    }

    /// Adds a tenant whose upstream token is sealed.
    func addTenant(_ id: String) throws {
        try editor.addTenant(id, plan: "standard", upstreamToken: .sealing(Secret("kk_live_\(id)")))
    }

    /// Issues a token for reading sessions.
    func issue(_ tenant: String, lifetime: Duration? = nil) throws -> IssuedToken {
        let order = TokenOrder(name: "web", scopes: .sessionsRead, lifetime: lifetime, allow: [])
        guard let order else { preconditionFailure("the order of a fixture is in order") }
        var randomness = SystemRandomness()
        return try editor.issueToken(order, for: tenant, now: AccessFixture.now, randomness: &randomness)
    }

    /// Replaces a token by another.
    func rotate(_ id: TokenID, overlap: Duration) throws -> IssuedToken {
        var randomness = SystemRandomness()
        return try editor.rotateToken(
            id, overlap: overlap, now: AccessFixture.now, randomness: &randomness)
    }

    /// What a freshly loaded snapshot says to a token, so many seconds from now: the tenant, or the reason.
    func verdict(_ token: IssuedToken, after seconds: Int64 = 0) throws -> String {
        let snapshot = try store.load()
        let field = AccessFixture.bearer(token.text.withBytes { $0.array })
        let now = AccessFixture.now.unixSeconds + seconds
        switch snapshot.authenticate(field.span, nowUnixSeconds: now) {
        case .granted(let grant): return snapshot.tenant(of: grant).id
        case .refused(let reason, _): return "\(reason.word)"
        }
    }
}
