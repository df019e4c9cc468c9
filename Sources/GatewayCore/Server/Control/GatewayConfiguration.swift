package import Cache
package import Settings

/// Everything an operator sets. Composes what the rooms declare and checks what only shows between them.
///
/// Immutable: a reload makes a new one, and an exchange keeps the one it started with.
package struct GatewayConfiguration: Sendable {
    /// How the gateway calls itself in Proxy-Status [kayle-gateway].
    package let name: String
    /// Threads that serve clients; absent means one per processor [auto].
    package let workers: Int?
    /// Which processors they run on [free].
    package let workerPlacement: WorkerPlacement
    /// The addresses that clients connect to.
    package let listeners: [ListenerConfiguration]
    /// Who is believed when it says for whom it asks.
    package let trustedProxies: TrustedProxies
    /// The address that operators connect to.
    package let admin: AdminConfiguration
    /// The API behind the gateway.
    package let upstream: UpstreamConfiguration
    /// Where tenants and tokens are kept.
    package let credentials: CredentialsConfiguration
    /// What tenants may use, in the order written.
    package let plans: [PlanConfiguration]
    /// Where limits are counted, and how clients are told of them.
    package let limits: LimitsConfiguration
    /// When requests are refused because the gateway itself is short.
    package let overload: OverloadConfiguration
    /// How much the cache holds.
    package let cache: CacheConfiguration
    /// The route table, in the order of precedence.
    package let routes: [RouteConfiguration]
    /// What is written about exchanges and events.
    package let log: LogConfiguration
    /// Whether the kernel may write the gateway's memory to disk when it crashes [off].
    package let coreDumps: CoreDumps
    /// How long exchanges may take to end once the gateway was told to stop [30s].
    package let drainTimeout: Duration

    /// Reads the outermost section.
    package init(reading section: SettingsSection, checks: ConfigurationChecks) {
        name = section.value(
            "name", .name, default: "kayle-gateway", "How the gateway calls itself in Proxy-Status.")
        workers = section.value(
            "workers", .word("auto", orIntegerIn: 1...256), default: nil,
            "Threads that serve clients; `auto` is one per processor.")
        workerPlacement = section.value(
            "worker_placement", SettingsKind<WorkerPlacement>.choice, default: .free,
            "Which processors they run on: any (`free`), or one each, with the connections that come in there "
                + "(`bound`; no more workers than processors).")
        let listeners = Self.readListeners(section, checks)
        self.listeners = listeners
        trustedProxies = TrustedProxies(reading: section)
        admin = section.section("admin", "Where operators ask the gateway.") { admin in
            let configuration = AdminConfiguration(reading: admin)
            let address = configuration.address
            if address.port != 0, listeners.contains(where: { $0.address == address }) {
                admin.mistake("address", "a listener has \(address.text); allowed: an address of its own")
            }
            return configuration
        }
        upstream = section.section("upstream", "The API behind the gateway.") {
            UpstreamConfiguration(reading: $0)
        }
        credentials = section.section(
            "credentials", "Where tenants and the digests of their tokens are kept."
        ) {
            CredentialsConfiguration(reading: $0)
        }
        let plans = section.map("plans", count: 0...1_000, "What tenants may use, by the name of the plan.") {
            PlanConfiguration(name: $0, reading: $1)
        }
        self.plans = plans
        limits = section.section("limits", "Where limits are counted, and how clients are told.") {
            LimitsConfiguration(reading: $0)
        }
        overload = section.section(
            "overload", "When requests that go upstream are refused because the gateway itself is short."
        ) {
            OverloadConfiguration(reading: $0)
        }
        cache = section.section("cache", "How much the cache holds.") { CacheConfiguration(reading: $0) }
        routes = Self.readRoutes(section, plans)
        log = section.section("log", "What the gateway writes about itself.") {
            LogConfiguration(reading: $0)
        }
        coreDumps = section.value(
            "core_dumps", SettingsKind<CoreDumps>.choice, default: .off,
            "Whether a crash may leave the gateway's memory, with all secrets in it, on disk.")
        drainTimeout = section.section("drain", "How the gateway stops.") { drain in
            drain.value(
                "timeout", .duration(in: .seconds(0) ... .seconds(3_600)), default: .seconds(30),
                "How long exchanges may take to end; later their connections are closed.")
        }
    }

    private static func readListeners(
        _ section: SettingsSection, _ checks: ConfigurationChecks
    ) -> [ListenerConfiguration] {
        var addresses: Set<SocketAddress> = []
        return section.list("listeners", count: 1...64, "The addresses that clients connect to.") {
            listener in
            let configuration = ListenerConfiguration(reading: listener, checks: checks)
            let address = configuration.address
            // Port 0 is another port each time.
            if address.port != 0, !addresses.insert(address).inserted {
                listener.mistake(
                    "address", "another listener has \(address.text); allowed: an address of its own")
            }
            return configuration
        }
    }

    private static func readRoutes(
        _ section: SettingsSection, _ plans: [PlanConfiguration]
    ) -> [RouteConfiguration] {
        let planLimits = Set(plans.flatMap { $0.limits.map(\.name) })
        let longestPlan = plans.map(\.limits.count).max() ?? 0
        var earlier: [RouteConfiguration] = []
        return section.list("routes", count: 1...1_000, "The route table; the first route that matches wins.")
        { route in
            let configuration = RouteConfiguration(reading: route)
            if earlier.contains(where: { $0.name == configuration.name }) {
                route.mistake("name", "another route is called so; allowed: a name of its own")
            }
            if !route.isFaulty("path"), !route.isFaulty("method"), route.isGiven("path"),
                let hiding = earlier.first(where: { $0.hides(configuration) })
            {
                let text =
                    "no request reaches it: route \(JSONText.quoted(hiding.name)) takes them all before"
                route.mistake("path", text + "; allowed: before that route")
            }
            Self.checkList(of: configuration, among: earlier, route)
            // Both show as members of one RateLimit field, and the limiter takes from all of them at once.
            if let limit = configuration.limits.first(where: { planLimits.contains($0.name) }) {
                route.mistake(
                    "limits",
                    "a plan has a limit \(JSONText.quoted(limit.name)) too; allowed: a name of its own")
            } else if !configuration.limits.isEmpty,
                configuration.limits.count + longestPlan > LimitConfiguration.maximumCount
            {
                let allowed = max(0, LimitConfiguration.maximumCount - longestPlan)
                route.mistake("limits", "with those of the longest plan too many; allowed: up to \(allowed)")
            }
            let among = configuration.limits + (configuration.access == .open ? [] : plans.flatMap(\.limits))
            Self.checkCost(of: configuration, among: among, route)
            if !route.isFaulty("path"), !route.isFaulty("method") { earlier.append(configuration) }
            return configuration
        }
    }

    /// What a request costs must be there at once in a full bucket, or it could never succeed.
    private static func checkCost(
        of configuration: RouteConfiguration, among limits: [LimitConfiguration], _ route: SettingsSection
    ) {
        let most = max(configuration.cost.miss, configuration.cost.write)
        // A loop, because the optimizer of Swift 6.3.1 ends with an error at the same as closures.
        var tightest: (allowed: Int, name: String)?
        for limit in limits {
            guard let cost = limit.maximumCost, cost < tightest?.allowed ?? .max else { continue }
            tightest = (cost, limit.name)
        }
        guard let (allowed, name) = tightest, most > UInt64(allowed) else { return }
        route.mistake(
            "cost",
            "\(most) is more than limit \(JSONText.quoted(name)) ever grants; allowed: 0 to \(allowed)")
    }

    /// A row answers alone only where it is certain that it is the same answer.
    private static func checkList(
        of configuration: RouteConfiguration, among earlier: [RouteConfiguration], _ route: SettingsSection
    ) {
        guard let cache = configuration.cache, let name = cache.rowOf, !route.isFaulty("path") else { return }
        guard let list = earlier.first(where: { $0.name == name }), list.query?.page != nil,
            list.cache?.sharing == .tenant, cache.sharing == .tenant
        else {
            route.mistake(
                "cache",
                "row_of \(JSONText.quoted(name)): no list here has pages that are read;"
                    + " allowed: a cached route before this one, with a query model that has a page")
            return
        }
        guard list.path.isExact, configuration.path.takesMembers(of: list.path) else {
            route.mistake(
                "cache",
                "row_of \(JSONText.quoted(name)): \(configuration.path.text) is not one of its rows;"
                    + " allowed: on the path \(list.path.text)/{id}")
            return
        }
    }

    /// Where quotas are counted.
    package var quotasPath: String { limits.quotasPath ?? credentials.storePath + ".quotas" }
    /// Where buckets outlast a restart.
    package var bucketsPath: String { limits.bucketsPath ?? credentials.storePath + ".buckets" }
    /// Whether anything is counted by the calendar.
    package var hasQuotas: Bool {
        (plans.flatMap(\.limits) + routes.flatMap(\.limits)).contains { limit in
            if case .quota = limit.measure { true } else { false }
        }
    }

    /// What of the configuration the tenant store refers to.
    package var knownNames: KnownNames { knownNames(with: credentials) }

    /// The same with other credentials: those of the start, which a reload leaves as they are.
    package func knownNames(with credentials: CredentialsConfiguration) -> KnownNames {
        KnownNames(
            plans: plans.map(\.name), routes: routes.map(\.name), expiryNotice: credentials.expiryNotice)
    }

    /// One line that tells an operator what was read.
    package var summary: String {
        let cached = routes.count { $0.cache != nil }
        let addresses = listeners.map { ($0.tls == nil ? "http://" : "https://") + $0.address.text }
        return "\(addresses.joined(separator: ", ")) to \(upstream.origin.url): \(routes.count) routes"
            + " (\(cached) cached), \(plans.count) plans, cache \(SizeText.text(cache.memoryBytes))"
    }
}
