import HTTPModel

/// Stage 8: what a request takes from the limits of its tenant's plan and its route.
///
/// A request that the cache may answer pays for a hit first, so that it is refused before the cache is asked
/// if even that is not there; what a miss costs more is paid before the upstream is asked, and if that is not
/// there the first part is given back. All of it happens inside one event.
extension RequestPipeline {
    /// 8: what the request costs as far as it is known, from each bucket or from none. What they have left is
    /// rendered at once.
    func takeLimits(
        _ method: Method, _ downstream: Downstream, _ record: inout ExchangeRecord
    ) -> Refusal? {
        guard let route = record.route else { return .noRoute }
        let plan = limits(of: record, route)
        if plan.isEmpty { return nil }
        let tenant = record.tenant
        limited.subject = LimitSubject(
            tenant: tenant?.tenant.identity ?? 0, token: record.token?.value ?? 0, route: route.identity,
            credential: tenant?.tenant.credentialIdentity ?? 0, address: downstream.address)
        limited.fieldsStart = ownFields.count
        // An opaque query goes by the cache.
        limited.isPaidAsHit =
            route.cache != nil && record.cacheStatus == nil && (method == .get || method == .head)
        let tokens =
            limited.isPaidAsHit ? plan.cost.hit : method.isSafe ? plan.cost.miss : plan.cost.write
        limited.charge = LimitCharge(tokens: tokens)
        let decision = limiter.take(
            limited.charge, of: plan, by: limited.subject, at: moment(downstream),
            report: &limited.report)
        return settle(decision, plan, limited.report, tenant, &record)
    }

    /// What a request that the cache has no answer for owes beyond what it has paid, and its place among the
    /// requests under way. Before that, whether the upstream and the gateway can take on any more; an answer
    /// whose time is over may be given all the same while the upstream takes none.
    func takeRest(
        _ downstream: Downstream, _ record: inout ExchangeRecord, isAnyhowAnswered: Bool = false
    ) -> Refusal? {
        guard let route = record.route else { return .noRoute }
        let plan = limits(of: record, route)
        if !isAnyhowAnswered, let seconds = pausedSeconds(record) {
            // Before anything is said to the cache: what is not sent changes nothing, and costs nothing.
            giveBack(plan)
            return .upstreamLimited(retryAfterSeconds: seconds)
        }
        let load = LoadShedder.Load(
            waitingCount: upstream.waitingCount, maximumWaitingCount: upstream.maximumWaitingCount,
            residentBytes: residentBytes())
        let tenant = record.tenant?.tenant.identity ?? 0
        if let shortage = shedder.shortage(isWrite: !record.method.isSafe, tenant: tenant, load) {
            giveBack(plan)
            recorder.shed(record.tenant, shortage)
            return .overloaded(retryAfterSeconds: shedder.retryAfterSeconds())
        }
        guard plan.hasRest else { return nil }
        let rest = plan.rest(isPaidAsHit: limited.isPaidAsHit)
        var report = LimitReport()
        let decision = limiter.take(
            rest, of: plan, by: limited.subject, at: moment(downstream), report: &report)
        if decision == .within {
            if report.underWay != 0 {
                underWay = UnderWay(plan: plan, subject: limited.subject, mask: report.underWay)
            }
        } else {
            giveBack(plan)
        }
        return settle(decision, plan, report, record.tenant, &record)
    }

    /// Undoes the first take: a refused request costs nothing.
    private func giveBack(_ plan: LimitPlan) {
        if plan.isEmpty { return }
        let moment = LimitMoment(recorder.instant, unixNanoseconds: recorder.nowUnixNanoseconds)
        limiter.giveBack(limited.charge, of: plan, by: limited.subject, at: moment, limited.report)
    }

    /// Ends what `takeRest` began.
    func release(_ underWay: UnderWay) {
        limiter.release(underWay.mask, of: underWay.plan, by: underWay.subject)
    }

    private func limits(of record: borrowing ExchangeRecord, _ route: Route) -> LimitPlan {
        record.tenant?.limits[route.index] ?? record.snapshot.openLimits[route.index]
    }

    private func moment(_ downstream: Downstream) -> LimitMoment {
        LimitMoment(downstream.startedAt, unixNanoseconds: recorder.nowUnixNanoseconds)
    }

    /// Writes down what came of a take, and says no if that is what came of it.
    private func settle(
        _ decision: LimitDecision, _ plan: LimitPlan, _ report: borrowing LimitReport,
        _ tenant: TenantContext?, _ record: inout ExchangeRecord
    ) -> Refusal? {
        ownFields.truncate(to: limited.fieldsStart)
        switch decision {
        case .within:
            plan.fields.append(report, plan, into: &ownFields)
            if report.exceeded != 0 { shadow(plan, report, tenant, &record) }
            return nil
        case .exceeded(let index, _):
            plan.fields.append(report, plan, into: &ownFields)
            recorder.limitExceeded(tenant, plan.policies[index])
            record.limit = plan.policies[index].label
            return .limited(
                ExceededLimits(plan, report, longest: index), retryAfterSeconds: decision.retryAfterSeconds)
        // What the report says is half a story: nobody knows what the missing bucket has left.
        case .noRoom: return .overloaded(retryAfterSeconds: decision.retryAfterSeconds)
        }
    }

    /// Counts the limits in shadow that would have refused the request.
    private func shadow(
        _ plan: LimitPlan, _ report: borrowing LimitReport, _ tenant: TenantContext?,
        _ record: inout ExchangeRecord
    ) {
        for index in plan.policies.indices where report.isExceeded(index) {
            recorder.limitShadowed(tenant, plan.policies[index])
            record.limit = plan.policies[index].label
        }
    }
}

/// What the request at hand has taken from its limits. One per worker, used anew for each request.
struct LimitedRequest {
    /// Whose buckets.
    var subject = LimitSubject(
        tenant: 0, token: 0, route: 0, credential: 0, address: IPAddress(high: 0, low: 0))
    /// What was taken first.
    var charge = LimitCharge(tokens: 0)
    /// Whether that was the price of a hit.
    var isPaidAsHit = false
    /// What the first take left.
    var report = LimitReport()
    /// Where the fields about limits begin in the gateway's own fields.
    var fieldsStart = 0
}

/// A place among the requests under way, to be given back when the exchange ends.
struct UnderWay {
    let plan: LimitPlan
    let subject: LimitSubject
    let mask: UInt8
}
