import HTTPModel
import Settings

/// What has changed between two tenant stores, as the audit log tells it: never a secret, never a digest.
///
/// Found by comparing and not told by the commands, so that no command can forget to say what it did.
struct StoreDifference {
    /// One change.
    struct Change: Equatable {
        /// What was done, such as `token.issued`.
        let what: String
        /// Whose tenant or token it is.
        let tenant: String
        /// The token, where it is one's.
        let token: TokenID?
        /// What it says now, or what is new.
        let details: [JSONMember]
    }

    /// The changes, in the order of the stores: first what is gone, then what is new or otherwise.
    let changes: [Change]

    /// Compares two stores.
    init(from before: TenantStore, to after: TenantStore) {
        var changes: [Change] = []
        let old = Dictionary(uniqueKeysWithValues: before.tenants.map { ($0.id, $0) })
        let kept = Set(after.tenants.map(\.id))
        for tenant in before.tenants where !kept.contains(tenant.id) {
            changes += tenant.tokens.map { Self.change("token.removed", tenant, $0) }
            changes.append(Change(what: "tenant.removed", tenant: tenant.id, token: nil, details: []))
        }
        for tenant in after.tenants {
            let known = old[tenant.id]
            let details = Self.details(of: tenant)
            if let known {
                let news = Self.news(Self.details(of: known), details, sealed: known, tenant)
                if !news.isEmpty {
                    changes.append(
                        Change(what: "tenant.changed", tenant: tenant.id, token: nil, details: news))
                }
            } else {
                changes.append(Change(what: "tenant.added", tenant: tenant.id, token: nil, details: details))
            }
            changes += Self.tokens(from: known, to: tenant)
        }
        self.changes = changes
    }

    private static func tokens(from before: StoredTenant?, to after: StoredTenant) -> [Change] {
        let old = Dictionary(uniqueKeysWithValues: (before?.tokens ?? []).map { ($0.id, $0) })
        let kept = Set(after.tokens.map(\.id))
        var changes = (before?.tokens ?? []).filter { !kept.contains($0.id) }
            .map { change("token.removed", after, $0) }
        for token in after.tokens {
            guard let known = old[token.id] else {
                changes.append(change("token.issued", after, token, details(of: token)))
                continue
            }
            if known == token { continue }
            let news = details(of: token).filter { !details(of: known).contains($0) }
            let isRevocation = known.revokedAt == nil && token.revokedAt != nil
            // Another digest under the same id is another token.
            let digest = known.digest == token.digest ? [] : [JSONMember("digest", .string("replaced"))]
            changes.append(
                change(isRevocation ? "token.revoked" : "token.changed", after, token, news + digest))
        }
        return changes
    }

    private static func change(
        _ what: String, _ tenant: StoredTenant, _ token: StoredToken, _ details: [JSONMember] = []
    ) -> Change {
        Change(what: what, tenant: tenant.id, token: token.id, details: details)
    }

    /// What is said of a tenant: of its upstream tokens where they are, never what they are.
    private static func details(of tenant: StoredTenant) -> [JSONMember] {
        [
            JSONMember("plan", .string(tenant.plan)),
            JSONMember("upstream_token", place(of: tenant.upstreamToken)),
            JSONMember("upstream_token_next", tenant.upstreamTokenNext.map { place(of: $0) } ?? .null),
            JSONMember("allow", .array(tenant.allow.map { .string($0.text) })),
        ]
    }

    private static func details(of token: StoredToken) -> [JSONMember] {
        func time(_ time: UTCTimestamp?) -> JSONValue { time.map { .string($0.text) } ?? .null }
        return [
            JSONMember("name", .string(token.name)),
            JSONMember("scopes", .array(token.scopes.scopes.map { .string($0.rawValue) })),
            JSONMember("not_before", time(token.notBefore)), JSONMember("expires_at", time(token.expiresAt)),
            JSONMember("revoked_at", time(token.revokedAt)), JSONMember("rotated_at", time(token.rotatedAt)),
            JSONMember("allow", .array(token.allow.map { .string($0.text) })),
            JSONMember("routes", .array(token.ceilings.routes.map { .string($0) })),
            JSONMember("max_limit", token.ceilings.maximumLimit.map { .integer(Int64($0)) } ?? .null),
        ]
    }

    /// What is new; a sealed text that was replaced by another shows only so.
    private static func news(
        _ before: [JSONMember], _ after: [JSONMember], sealed old: StoredTenant, _ new: StoredTenant
    ) -> [JSONMember] {
        var news = after.filter { !before.contains($0) }
        if old.upstreamToken != new.upstreamToken, !news.contains(where: { $0.key == "upstream_token" }) {
            news.append(JSONMember("upstream_token", .string("sealed anew")))
        }
        if old.upstreamTokenNext != new.upstreamTokenNext,
            !news.contains(where: { $0.key == "upstream_token_next" })
        {
            news.append(JSONMember("upstream_token_next", .string("sealed anew")))
        }
        return news
    }

    private static func place(of source: SecretSource) -> JSONValue {
        switch source {
        case .environment(let name): .string("env \(name)")
        case .file(let path): .string("file \(path)")
        case .sealed: .string("sealed")
        }
    }
}
