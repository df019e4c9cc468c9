import Cache
import HTTPModel

/// Makes what requests are judged by out of configuration and tenant store. Main thread only.
struct SnapshotBuilder {
    private let configuration: GatewayConfiguration
    private let routes: RouteTable
    private let shared: SharedParts
    private let quotas: QuotaStore?
    // By name; read once for each configuration.
    private let zones: [String: TimeZoneRules]

    /// Prepares the parts that only the configuration decides. A configuration that was read without mistakes
    /// has none here; a query model or limit that cannot be built is reported as a failure all the same.
    init(_ configuration: GatewayConfiguration, shared: SharedParts) throws(ServerFailure) {
        self.configuration = configuration
        self.shared = shared
        quotas = try configuration.hasQuotas ? shared.quotas(configuration) : nil
        zones = try Self.zones(of: configuration)
        var routes: [Route] = []
        for (index, route) in configuration.routes.enumerated() {
            let list = routes.first { $0.name == route.cache?.rowOf }?.address
            routes.append(try Self.route(index, route, shared.registry.names, list))
        }
        self.routes = RouteTable(routes)
        // Found now rather than with the first tenant.
        for plan in configuration.plans { _ = try limits(of: plan) }
    }

    /// The snapshot with the tenants that the store holds.
    func snapshot(_ access: AccessSnapshot, generation: UInt64) throws(ServerFailure) -> ConfigurationSnapshot
    {
        var plans: [[LimitPlan]] = []
        for plan in configuration.plans { plans.append(try limits(of: plan)) }
        // Two for each tenant: the credential in use, and the other one.
        let pauses = shared.pauses.keep(
            access.tenants.flatMap { [$0.credentialIdentity, $0.standbyIdentity] })
        let tenants = access.tenants.enumerated().map { index, tenant in
            TenantContext(
                tenant: tenant,
                partition: shared.cache.partition(
                    tenant: tenant.id, credential: tenant.credentialIdentity,
                    organization: tenant.organization),
                limits: plans[tenant.planIndex], label: shared.registry.names.value(.tenant, tenant.id),
                pause: pauses[index * 2], standbyPause: pauses[index * 2 + 1])
        }
        return ConfigurationSnapshot(
            generation: generation, routes: routes, access: access, tenants: tenants,
            openPartition: shared.cache.partition(tenant: "", credential: 0), openLimits: try limits(of: nil),
            trustedProxies: configuration.trustedProxies)
    }

    /// The limits of a plan on each route: the plan's, then the route's own.
    private func limits(of plan: PlanConfiguration?) throws(ServerFailure) -> [LimitPlan] {
        var plans: [LimitPlan] = []
        for route in configuration.routes {
            var policies: [LimitPolicy] = []
            do throws(LimitPolicyFailure) {
                for limit in plan?.limits ?? [] {
                    policies.append(try policy(limit, of: plan?.name ?? ""))
                }
                for limit in route.limits {
                    policies.append(try policy(limit, of: "route \(route.name)"))
                }
                let draft = configuration.limits.draft
                plans.append(
                    try LimitPlan(policies, cost: route.cost, quotas: quotas, draft: draft))
            } catch {
                throw .configuration("limits of route \(route.name): \(error)")
            }
        }
        return plans
    }

    private func policy(
        _ limit: LimitConfiguration, of owner: String
    ) throws(LimitPolicyFailure) -> LimitPolicy {
        let amount: LimitAmount =
            switch limit.measure {
            case .rate(let requests, let period, let burst):
                .rate(LimitRate(requests: UInt64(requests), per: period, burst: UInt64(burst)))
            case .concurrent(let requests): .concurrent(UInt64(requests))
            case .quota(let requests, let period, let zone):
                .quota(UInt64(requests), QuotaCalendar(period, zone: zones[zone] ?? .utc))
            }
        return try LimitPolicy(
            plan: owner, name: limit.name, by: limit.dimensions, amount, isShadow: limit.mode == .shadow,
            label: shared.registry.names.value(.limit, limit.name))
    }

    private static func zones(
        of configuration: GatewayConfiguration
    ) throws(ServerFailure) -> [String: TimeZoneRules] {
        var zones = ["UTC": TimeZoneRules.utc]
        for limit in configuration.plans.flatMap(\.limits) + configuration.routes.flatMap(\.limits) {
            guard case .quota(_, _, let name) = limit.measure, zones[name] == nil else { continue }
            let path = TimeZoneRules.folder + name
            let bytes: [UInt8]
            do throws(FileFailure) {
                bytes = try FileContents.read(path, maximumBytes: TimeZoneRules.maximumBytes)
            } catch {
                throw .configuration("limit \(limit.name): \(path) \(error)")
            }
            guard let zone = TimeZoneRules(name: name, file: bytes) else {
                throw .configuration("limit \(limit.name): \(path) is not a time zone (RFC 9636)")
            }
            zones[name] = zone
        }
        return zones
    }

    private static func route(
        _ index: Int, _ configuration: RouteConfiguration, _ names: LabelNames, _ list: ListAddress?
    ) throws(ServerFailure) -> Route {
        var need: Scope?
        if let scope = configuration.scope {
            need = Scope(rawValue: scope)
            if need == nil {
                let known = Scope.allCases.map(\.rawValue).joined(separator: ", ")
                throw .configuration("route \(configuration.name): unknown scope \(scope); allowed: \(known)")
            }
        }
        let access: AccessPolicy =
            switch configuration.access {
            case .open: .open
            case .token: .token(needs: need)
            }
        // The name's hash stands for the route across reloads, in cache keys and buckets.
        var hash = SipHash(key: SipHash.Key(0, 0))
        hash.absorb(Array("route \(configuration.name)".utf8).span, rounds: 1)
        return Route(
            index: index, configuration: configuration, identity: hash.finish(rounds: 3), access: access,
            query: configuration.query, label: names.value(.route, configuration.name), list: list)
    }
}

/// Why the gateway cannot start, or cannot take a new configuration, as a sentence.
package enum ServerFailure: Error, Sendable, CustomStringConvertible {
    /// The configuration means something that cannot be.
    case configuration(String)
    /// Tenants or tokens cannot be read.
    case access(AccessFailure)
    /// A certificate or key cannot be used.
    case tls(TLSFailure)
    /// An address cannot be listened on.
    case listen(address: String, SystemFailure)
    /// The system gives no descriptor or thread.
    case system(SystemFailure)
    /// The access log cannot be written.
    case log(LogWriterFailure)
    /// Quotas cannot be counted.
    case quotas(QuotaStoreFailure)

    /// The failure as a sentence.
    package var description: String {
        switch self {
        case .configuration(let text): text
        case .access(let failure): "\(failure)"
        case .tls(let failure): "\(failure)"
        case .listen(let address, let failure): "cannot listen on \(address): \(failure)"
        case .system(let failure): "\(failure)"
        case .log(let failure): "cannot write the access log: \(failure)"
        case .quotas(let failure): "\(failure)"
        }
    }
}
