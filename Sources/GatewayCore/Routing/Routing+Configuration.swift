package import Cache
package import HTTPModel
package import Settings

/// One rule of the route table; the first that matches wins.
package struct RouteConfiguration: Sendable {
    /// The name in logs, metrics and purges.
    package let name: String
    /// The methods it takes; empty means any. GET includes HEAD.
    package let methods: [Method]
    /// The paths it takes.
    package let path: PathPattern
    /// The scope a token needs; absent, any scope will do for safe methods and any write scope for others.
    package let scope: String?
    /// Who may use it [token].
    package let access: RouteAccess
    /// The list parameters it documents; absent, the query passes as it is.
    package let query: ListQueryModel?
    /// How its answers are kept; absent, they are not.
    package let cache: RouteCacheConfiguration?
    /// Limits of its own, besides those of the tenant's plan.
    package let limits: [LimitConfiguration]
    /// What its requests cost [1].
    package let cost: LimitCost

    /// Reads an element of `routes`.
    package init(reading section: SettingsSection) {
        name = section.required("name", .name, "The name in logs, metrics and purges.")
        methods =
            section.optional(
                "method", .oneOrList(of: .method, count: 1...7),
                "The methods it takes, one or a list; left out, any. GET includes HEAD.") ?? []
        path = section.required("path", .pathPattern, "The paths it takes.")
        scope = section.optional(
            "scope", .scope,
            "The scope a token needs; left out, any scope will do for reading and any write scope for the rest."
        )
        let access = section.value(
            "access", SettingsKind<RouteAccess>.choice, default: .token,
            "Who may use it: `token` a tenant's token, `open` anybody.")
        self.access = access
        query =
            section.optionalValueOrSection(
                "query", .builtInQuery,
                "The list parameters it documents: a built-in model or one written out.",
                plain: { $0 }, section: { ListQueryModel.read($0) }) ?? nil
        cache = section.optionalSection("cache", "How answers are kept; left out, they are not.") {
            RouteCacheConfiguration(reading: $0, access: access)
        }
        let dimensions: [LimitDimension] =
            switch access {
            case .token: LimitDimension.allCases
            case .open: [.address, .route]
            }
        limits = LimitConfiguration.list(
            in: section, allowing: dimensions, "Limits of its own, besides those of the tenant's plan.")
        cost = section.section("cost", "What its requests take from every limit, by what they cost upstream.")
        {
            LimitCost(reading: $0)
        }
        checkMeaning(section)
    }

    private func checkMeaning(_ section: SettingsSection) {
        let readsOnly = methods.contains(.get) && methods.allSatisfy { $0 == .get || $0 == .head }
        if cache != nil, !readsOnly, !section.isFaulty("method") {
            // RFC 9110 §9.2.3: of the methods we forward only GET and HEAD have answers worth keeping.
            section.mistake(
                "cache", "the route takes methods other than GET; allowed: on routes with \"method\": \"GET\""
            )
        }
        if section.isGiven("query"), !readsOnly, !section.isFaulty("method") {
            section.mistake(
                "query", "the route takes methods other than GET; allowed: on routes with \"method\": \"GET\""
            )
        }
        if let rows = cache?.widen {
            if query?.page == nil {
                section.mistake(
                    "cache", "widen: no pages are read here; allowed: with a query model that has a page")
            } else if let maximum = query?.maximumPageSize, rows > maximum {
                section.mistake(
                    "cache", "widen is \(rows); allowed: up to \(maximum), the most rows of a page")
            }
        }
        if access == .open, scope != nil {
            section.mistake(
                "scope", "an open route sees no token; allowed: on routes with \"access\": \"token\"")
        }
    }

    /// Whether every request that `later` takes is taken by this route before.
    package func hides(_ later: RouteConfiguration) -> Bool {
        guard path.covers(later.path) else { return false }
        if methods.isEmpty { return true }
        return !later.methods.isEmpty
            && later.methods.allSatisfy { methods.contains($0) || ($0 == .head && methods.contains(.get)) }
    }
}

/// Who may use a route.
package enum RouteAccess: String, Sendable, Hashable, CaseIterable {
    /// Whoever has a tenant's token.
    case token
    /// Anybody: there is no tenant, and no Authorization field reaches the upstream.
    case open
}

/// How a route's answers are kept.
package struct RouteCacheConfiguration: Sendable, Hashable {
    /// How long an answer is fresh; the upstream can shorten it.
    package let timeToLive: Duration
    /// Who shares an entry [tenant].
    package let sharing: Sharing
    /// How far answers may go beyond their lifetime, or short of it.
    package let staleness: Staleness
    /// The list route of whose rows an answer is one; absent, no row answers.
    package let rowOf: String?
    /// How many rows are asked for where a client wants fewer; absent, as many as it wants.
    package let widen: Int?
    /// How long a 404 is kept; zero for not at all.
    package let notFoundTimeToLive: Duration

    /// How long a 404 about one row is kept unless the route says otherwise: long enough for a client that
    /// asks again and again, too short for anybody to notice.
    private static let standardNotFoundTimeToLive = Duration.seconds(1)

    /// Who shares an entry.
    package enum Sharing: String, Sendable, Hashable, CaseIterable {
        /// One tenant with one upstream credential.
        case tenant
        /// Everybody whose request fields are the same; on open routes only.
        case headers
    }

    fileprivate init(reading section: SettingsSection, access: RouteAccess) {
        timeToLive = section.required(
            "ttl", .duration(in: .milliseconds(100) ... .seconds(86_400)),
            "How long an answer is fresh; the upstream can shorten it.")
        sharing = section.value(
            "by", SettingsKind<Sharing>.choice, default: .tenant,
            "Who shares an entry: `tenant`; on an open route `headers`, all with the same request fields."
        )
        staleness = Staleness(
            whileRevalidating: section.value(
                "stale_while_revalidate", .duration(in: .zero ... .seconds(86_400)), default: .zero,
                "How long after its time an answer is still given while one request fetches a new one."),
            onError: section.value(
                "stale_if_error", .duration(in: .zero ... .seconds(86_400)), default: .zero,
                "How long after its time an answer is given when the upstream fails: no connection, no answer in time, 5xx."
            ),
            jitterPercent: section.value(
                "jitter_percent", .integer(in: 0...50), default: 10,
                "By how much of itself a lifetime may be cut, so that answers do not all die at once."))
        rowOf = section.optional(
            "row_of", .name,
            "On a route `LIST/{id}`: the list route whose rows, alone, are this route's answers.")
        widen = section.optional(
            "widen", .integer(in: 2...PageModel.maximumRows),
            "How many rows are asked for where a client wants fewer, so that its next pages are at hand.")
        let notFound = section.optional(
            "not_found_ttl", .duration(in: .zero ... .seconds(60)),
            "On a route with `row_of`: how long a 404 is kept; `0s` for not at all. Left out: 1s.")
        if notFound != nil, rowOf == nil, !section.isFaulty("row_of") {
            section.mistake(
                "not_found_ttl", "only answers about one row are kept as missing; allowed: with \"row_of\"")
        }
        notFoundTimeToLive = rowOf == nil ? .zero : notFound ?? Self.standardNotFoundTimeToLive
        switch (access, sharing) {
        case (.token, .tenant), (.open, .headers): break
        case (.token, .headers):
            section.mistake(
                "by", "entries of tenants are never shared; allowed: tenant, or headers on an open route")
        case (.open, .tenant):
            section.mistake("by", "an open route has no tenant; allowed: headers")
        }
    }
}

extension SettingsKind where Value == Method {
    /// A method that can be forwarded. CONNECT and TRACE never are.
    package static var method: SettingsKind {
        let forwarded: [Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        let spell: (Method) -> String = { method in method.name.map { "\($0)" } ?? "" }
        return .written(
            as: "a method", allowed: forwarded.map(spell).joined(separator: ", "), placeholder: .get,
            spell: spell
        ) { string, _ in forwarded.first { spell($0) == string } }
    }
}

extension SettingsKind where Value == String {
    /// A scope, as tokens carry it: `sessions:read`.
    package static var scope: SettingsKind {
        .written(
            as: "a scope", allowed: "1 to 64 of a-z 0-9 : . _ -, such as sessions:read", placeholder: "",
            spell: { $0 }
        ) { string, _ in
            let isScope = string.utf8.allSatisfy {
                $0 &- 0x30 < 11 || $0 &- 0x61 < 26 || ".-_".utf8.contains($0)
            }
            return isScope && (1...64).contains(string.utf8.count) ? string : nil
        }
    }
}
