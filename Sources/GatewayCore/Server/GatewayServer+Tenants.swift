import Cache
import HTTPModel
import Logging

/// What the main thread does with the tenant store: follows it, and keeps when each token was last used.
extension GatewayServer {
    /// How often the store's file is looked at though its folder was silent: a store behind a link or on a
    /// network file system changes without a sign. What is written there is read at the second look, so twice
    /// this and a reading stay well below the 100 ms in which a revocation must work.
    static let storeGlance = Duration.milliseconds(25)
    /// How often last uses are written: no token's is, more than once a minute.
    static let lastUsePeriod = Duration.seconds(60)

    /// How long a tenant keeps an upstream token that took over, whatever the upstream says.
    static let takeoverPause = Duration.seconds(10)

    /// The things done now and then.
    var chores: [AdminApplication.Chore] {
        [
            AdminApplication.Chore(period: Self.storeGlance) { [unowned self] in followStore() },
            AdminApplication.Chore(period: Self.lastUsePeriod) { [unowned self] in writeLastUses() },
            AdminApplication.Chore(period: Self.healthGlance) { [unowned self] in tellHealth() },
            AdminApplication.Chore(period: MemoryReturn.glance) { [unowned self] in giveMemoryBack() },
        ]
    }

    /// Leaves the buckets of limits to the gateway after this one.
    func leaveBuckets() {
        do throws(AtomicFileFailure) {
            try shared.leaveBuckets(started)
        } catch {
            events.warning("buckets of limits are forgotten, they begin full: \(error)")
        }
    }

    /// How often the main thread looks whether there is news of the upstream's health.
    private static var healthGlance: Duration { .seconds(1) }

    /// Tells what has changed about the upstream's health since the last look.
    private func tellHealth() {
        let present = shared.health.report()
        for news in HealthNews.between(toldHealth, present) {
            switch news {
            case .warning(let text): events.warning("\(text)")
            case .info(let text): events.info("\(text)")
            }
        }
        toldHealth = present
    }

    /// Gives memory back to the machine after many connections have closed.
    private func giveMemoryBack() {
        let connections = shared.registry.snapshot().sum(.connections)
        guard memory.shallGiveBack(connections: connections) else { return }
        let before = MonotonicClock.now()
        ResidentMemory.giveBack()
        let milliseconds = MonotonicClock.now().nanosecondsElapsed(since: before) / 1_000_000
        events.info("gave the memory of closed connections back, which took \(milliseconds) ms")
    }

    /// Reads the store again if it has changed.
    func followStore() {
        guard follower.drain() == .changed else { return }
        renewTenants()
    }

    /// Reads the tenant store again. A store that cannot be read leaves the one in use, and says so.
    private func renewTenants() {
        do throws(ServerFailure) {
            let access = try Self.load(tokens, refused: refusedCredentials)
            publish(try builder.snapshot(access, generation: generation + 1))
            refusedCredentials.formIntersection(access.tenants.map(\.firstCredentialIdentity))
            storeFailure = nil
            shared.metrics.increment(MetricSeries(.reloads, shared.registry.names.value(.result, "store")))
            for warning in access.warnings { events.warning("\(warning)") }
            events.info("tenant store read: \(access.tenants.count) tenants")
        } catch {
            storeFailure = "\(error)"
            shared.metrics.increment(
                MetricSeries(.reloads, shared.registry.names.value(.result, "store_failed")))
            events.error("the tenant store was not taken, the one before stays in use: \(error)")
        }
    }

    /// Carries out an order to purge; `nil` for an unknown tenant or route. What was fetched with a tenant's
    /// other upstream token goes too: it could come back with that.
    func purge(_ order: PurgeOrder) -> Int? {
        guard snapshot.tenants.contains(where: { $0.tenant.id == order.tenant }) else { return nil }
        var number: UInt32?
        if let route = order.route {
            guard let known = snapshot.routes.routes.first(where: { $0.name == route }) else { return nil }
            number = known.number
        }
        let count = shared.cache.purge(
            tenant: order.tenant, route: number, order.manner, now: MonotonicClock.now())
        let verb = order.manner == .hard ? "purged" : "made stale"
        events.info(
            "\(verb) \(count) entries of tenant \(order.tenant)\(order.route.map { ", route \($0)" } ?? "")")
        return count
    }

    /// Lets the other upstream token of a tenant take the place of one that the upstream has refused.
    ///
    /// Workers repeat their requests by themselves; here it is made the tenant's token for all, with a part
    /// of the cache of its own. At most once in `takeoverPause` for a tenant, so that two refused tokens do
    /// not keep the gateway busy with changing places.
    func takeReports() {
        let now = MonotonicClock.now()
        for report in shared.reports.collect() {
            guard
                let tenant = snapshot.access.tenants.first(where: { $0.identity == report.tenantIdentity }),
                tenant.credentialIdentity == report.credentialIdentity, tenant.standby != nil
            else { continue }
            if let last = takeoverAt[tenant.identity], now.elapsed(since: last) < Self.takeoverPause {
                continue
            }
            takeoverAt[tenant.identity] = now
            switch report.outcome {
            case .bothRefused:
                events.error("the upstream refuses both tokens of tenant \(tenant.id) (401)")
            case .otherAccepted, .notRepeated: takeOver(tenant)
            }
        }
    }

    private func takeOver(_ tenant: Tenant) {
        if tenant.usesNext {
            refusedCredentials.remove(tenant.firstCredentialIdentity)
        } else {
            refusedCredentials.insert(tenant.firstCredentialIdentity)
        }
        do throws(ServerFailure) {
            let access = snapshot.access.changed(refused: refusedCredentials)
            publish(try builder.snapshot(access, generation: generation + 1))
            let taken = tenant.usesNext ? "upstream_token" : "upstream_token_next"
            events.warning("the upstream refused a token of tenant \(tenant.id) (401); \(taken) takes over")
            let label = shared.registry.names.value(.tenant, tenant.id)
            shared.metrics.increment(MetricSeries(.credentialTakeovers, label))
        } catch {
            events.error("the upstream token of tenant \(tenant.id) was not changed: \(error)")
        }
    }

    /// Takes over what workers have noted, before their snapshot goes out of use.
    func gatherLastUses() {
        for (token, seconds) in retiredAccess.flatMap(\.uses) + snapshot.access.uses
        where seconds > max(lastUses[token] ?? 0, writtenUses[token] ?? 0) {
            lastUses[token] = seconds
        }
        // A worker that has not had its message yet notes in the snapshot before: it is asked once more.
        retiredAccess = [snapshot.access]
    }

    /// Writes down the last uses that are new. A failure is told when it begins and when it is over.
    func writeLastUses() {
        gatherLastUses()
        guard !lastUses.isEmpty else { return }
        let uses = lastUses.mapValues { UTCTimestamp(unixSeconds: $0) }
        do throws(AccessFailure) {
            try LastUseFile(started.credentials).merge(uses, known: snapshot.access.tokenIDs)
            writtenUses = snapshot.access.tokenIDs.reduce(into: [:]) {
                $0[$1] = lastUses[$1] ?? writtenUses[$1]
            }
            lastUses = [:]
            if lastUseFailed { events.info("last uses of tokens are written again") }
            lastUseFailed = false
        } catch {
            if !lastUseFailed { events.warning("last uses of tokens are not written: \(error)") }
            lastUseFailed = true
        }
    }
}
