import Cache
import HTTPModel
import Settings

/// What `/status` says.
enum StatusDocument {
    /// Puts the figures together. Walks all counts; for people and dashboards, not for every request.
    static func make(
        snapshot: ConfigurationSnapshot, shared: SharedParts, crew: WorkerCrew, uptimeSeconds: Int64,
        isDraining: Bool, storeFailure: String?, now: MonotonicInstant
    ) -> JSONValue {
        let metrics = shared.registry.snapshot()
        let cache = shared.cache.statistics()
        let names = shared.registry.names
        let health = shared.health.report()
        var requestsByTenant: [String: Int64] = [:]
        for (series, value) in metrics.values where series.metric == .requests {
            requestsByTenant[names.text(.tenant, series.label(1)), default: 0] += value
        }
        let tenants = snapshot.tenants.map { context in
            JSONValue.object([
                "id": .string(context.tenant.id), "plan": .string(context.tenant.plan),
                "has_upstream_token": .boolean(context.tenant.credential != nil),
                "uses_upstream_token_next": .boolean(context.tenant.usesNext),
                "upstream_pause_seconds": .integer(
                    Int64(clamping: context.pause.remainingSeconds(at: now) ?? 0)),
                "requests": .integer(requestsByTenant[context.tenant.id] ?? 0),
            ])
        }
        return .object([
            "version": .string(GatewayVersion.text), "uptime_seconds": .integer(uptimeSeconds),
            "state": .string(isDraining ? "draining" : "ready"),
            "configuration_generation": .integer(Int64(clamping: snapshot.generation)),
            "tenant_store_failure": storeFailure.map { .string($0) } ?? .null,
            "workers": .integer(Int64(crew.count)),
            "listeners": .array(crew.addresses.map { .string($0.text) }),
            "connections": .integer(metrics.sum(.connections)), "requests": .integer(metrics.sum(.requests)),
            "cache": .object([
                "entries": .integer(Int64(cache.entries)), "bytes": .integer(Int64(cache.accountedBytes)),
                "evictions": .integer(Int64(clamping: cache.counts.evicted)),
            ]),
            "upstream": .object([
                "circuit": .string(health.circuit.word),
                "credentials_open": .integer(Int64(health.openCredentialCount)),
                "circuits_opened": .integer(Int64(clamping: health.openedCount)),
                "requests_held_back": .integer(Int64(clamping: health.refusedCount)),
                "probe": .string(health.probe.rawValue),
            ]),
            "limits": .object([
                "buckets": .integer(Int64(shared.limiter.bucketCount)),
                "quota_buckets": .integer(Int64(shared.quotaBucketCount)),
                "rate_limited": .integer(metrics.sum(.rateLimited)),
                "shadowed": .integer(metrics.sum(.rateLimitShadowed)),
                "shed": .integer(metrics.sum(.requestsShed)),
            ]),
            "tenants": .array(tenants),
        ])
    }
}
