import Cache
import HTTPModel

@testable import GatewayCore

/// Short ways to the values that the tests of this room need.
enum ProxyFixture {
    /// What is known of a client's connection.
    static func downstream(
        address: String = "192.0.2.7", tls: TLSVersion? = .tls13,
        startedAt: MonotonicInstant = MonotonicInstant(nanoseconds: 1_000)
    ) -> Downstream {
        Downstream(
            address: IPAddress(address) ?? IPAddress(high: 0, low: 0), tls: tls, isLast: false,
            registration: Registration(.connection, index: 1), contentHasArrived: false,
            headBeganAt: MonotonicInstant(nanoseconds: 1_000), startedAt: startedAt)
    }

    /// A route of a configuration in which it stands alone.
    static func route(_ json: String) throws -> Route { try routes(json)[0] }

    /// The routes of a configuration, with labels from `names`.
    static func routes(_ json: String, names: LabelNames = LabelNames()) throws -> [Route] {
        try GatewayConfigurationTests.read(routes: json).enumerated().map { index, configuration in
            Route(
                index: index, configuration: configuration, identity: UInt64(index) + 100, access: .open,
                query: configuration.query, label: names.value(.route, configuration.name))
        }
    }

    /// A snapshot of these routes and tenants, without limits.
    static func snapshot(
        _ routes: [Route], tenants: [String], cache: HTTPCache, names: LabelNames = LabelNames()
    ) throws -> ConfigurationSnapshot {
        var fixture = AccessFixture()
        for tenant in tenants { fixture.addTenant(tenant) }
        let access = fixture.snapshot()
        let none = try routes.map { _ in try LimitPlan([]) }
        let pauses = CredentialPauses(maximum: .seconds(60)).keep([1, 2])
        let contexts = access.tenants.map { tenant in
            TenantContext(
                tenant: tenant,
                partition: cache.partition(tenant: tenant.id, credential: tenant.credentialIdentity),
                limits: none, label: names.value(.tenant, tenant.id), pause: pauses[0],
                standbyPause: pauses[1])
        }
        return ConfigurationSnapshot(
            generation: 1, routes: RouteTable(routes), access: access, tenants: contexts,
            openPartition: cache.partition(tenant: "", credential: 0), openLimits: none, trustedProxies: .none
        )
    }

    /// A tenant with its part of a cache.
    static func tenant(_ id: String, cache: HTTPCache, names: LabelNames = LabelNames()) -> TenantContext {
        var fixture = AccessFixture()
        fixture.addTenant(id)
        let tenant = fixture.snapshot().tenants[0]
        let pauses = CredentialPauses(maximum: .seconds(60)).keep([1, 2])
        return TenantContext(
            tenant: tenant,
            partition: cache.partition(tenant: id, credential: tenant.credentialIdentity), limits: [],
            label: names.value(.tenant, id), pause: pauses[0], standbyPause: pauses[1])
    }
}
