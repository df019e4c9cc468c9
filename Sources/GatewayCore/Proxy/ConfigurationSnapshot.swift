package import Cache
import HTTPModel

/// Everything a request is judged by, at one moment: routes, tenants, limits. Immutable and shared by all
/// workers; a reload or a change of the tenant store makes a new one. An exchange keeps the one it began
/// with; what is borrowed from it lives as long.
package final class ConfigurationSnapshot: Sendable {
    /// Counts the snapshots of the process.
    package let generation: UInt64
    /// The rules.
    package let routes: RouteTable
    /// The tenants and their tokens.
    package let access: AccessSnapshot
    /// What goes with each tenant of `access`, in the same order.
    package let tenants: [TenantContext]
    /// What every request needs of a tenant, in the same order.
    let tenantNumbers: [TenantNumbers]
    /// What every request needs of a route, in the order of `routes`.
    let routeNumbers: [RouteNumbers]
    // The limits of each tenant by route, one tenant behind the other, and the parts of the cache by tenant:
    // one step away, so that a request counts no reference on the way to them.
    private let limits: [LimitPlan]
    private let partitions: [CachePartition]
    /// The part of the cache for open routes whose answers are kept by their request fields.
    package let openPartition: CachePartition
    /// What a request without a tenant must keep to, by route.
    package let openLimits: [LimitPlan]
    /// Who is believed when it says for whom it asks.
    package let trustedProxies: TrustedProxies

    /// Puts the parts together.
    package init(
        generation: UInt64, routes: RouteTable, access: AccessSnapshot, tenants: [TenantContext],
        openPartition: CachePartition, openLimits: [LimitPlan], trustedProxies: TrustedProxies
    ) {
        precondition(
            tenants.count == access.tenants.count, "\(tenants.count) of \(access.tenants.count) tenants")
        precondition(
            openLimits.count == routes.routes.count, "\(openLimits.count) of \(routes.routes.count) limits")
        for (tenant, context) in zip(access.tenants, tenants) {
            precondition(
                context.limits.count == routes.routes.count, "\(context.limits.count) limits of \(tenant.id)")
            precondition(
                tenant === context.tenant, "\(context.tenant.id) stands in the place of \(tenant.id)")
        }
        self.generation = generation
        self.routes = routes
        self.access = access
        self.tenants = tenants
        tenantNumbers = tenants.map { TenantNumbers($0) }
        routeNumbers = routes.routes.map { RouteNumbers($0) }
        limits = tenants.flatMap(\.limits)
        partitions = tenants.map(\.partition)
        self.openPartition = openPartition
        self.openLimits = openLimits
        self.trustedProxies = trustedProxies
    }
}

extension ConfigurationSnapshot {
    /// What a request must keep to on a route, with or without a tenant.
    @inline(__always)
    func limits(tenant: Int?, route: Int) -> Borrowed<LimitPlan> {
        guard let tenant else { return Borrowed(openLimits[route]) }
        return Borrowed(limits[tenant * routeNumbers.count + route])
    }

    /// Whose part of the cache a route's answers are kept in. A tenant's route without a tenant is a bug that
    /// would mix tenants, so it stops the program.
    @inline(__always)
    func partition(tenant: Int?, route: Int) -> Borrowed<CachePartition> {
        switch (routeNumbers[route].sharing, tenant) {
        case (.tenant, .some(let tenant)): return Borrowed(partitions[tenant])
        case (.headers, nil): return Borrowed(openPartition)
        case (.tenant, nil), (.headers, .some), (nil, _):
            preconditionFailure("route \(route) has no part of the cache for this request")
        }
    }
}

/// What every request needs of its route: plain values, so that reading them counts no reference.
struct RouteNumbers {
    /// The route's identity for limits.
    let identity: UInt64
    /// That for the cache.
    let number: UInt32
    /// Who shares its answers; `nil` if they are not kept.
    let sharing: RouteCacheConfiguration.Sharing?
    /// Its number in metrics.
    let label: LabelValue
    /// Rows of a page of which no size is asked; `nil` where there are no pages.
    let defaultPageSize: Int?

    init(_ route: Route) {
        identity = route.identity
        number = route.number
        sharing = route.cache?.sharing
        label = route.label
        defaultPageSize = route.query?.defaultPageSize
    }
}

/// What every request needs of its tenant, likewise.
struct TenantNumbers {
    /// The tenant's identity for limits.
    let identity: UInt64
    /// That of its upstream token.
    let credentialIdentity: UInt64
    /// Its number in metrics.
    let label: LabelValue

    init(_ context: TenantContext) {
        identity = context.tenant.identity
        credentialIdentity = context.tenant.credentialIdentity
        label = context.label
    }
}

/// A tenant with what the other rooms keep for it.
package final class TenantContext: Sendable {
    /// Who it is, and its upstream token.
    package let tenant: Tenant
    /// Its part of the cache, which nobody else sees.
    package let partition: CachePartition
    /// Its limits by route: those of its plan, then those of the route.
    package let limits: [LimitPlan]
    /// Until when nothing is sent with its upstream token.
    package let pause: CredentialPause
    /// The same for its other upstream token.
    let standbyPause: CredentialPause
    /// Its number in metrics.
    package let label: LabelValue
    /// Its id as it stands in log lines.
    let logText: [UInt8]

    /// Puts the parts together.
    package init(
        tenant: Tenant, partition: CachePartition, limits: [LimitPlan], label: LabelValue,
        pause: CredentialPause, standbyPause: CredentialPause
    ) {
        self.pause = pause
        self.standbyPause = standbyPause
        self.tenant = tenant
        self.partition = partition
        self.limits = limits
        self.label = label
        logText = LogText.escaped(tenant.id)
    }
}
