import HTTPModel

/// Stage 8: what a request takes from the limits of its tenant's plan and its route.
///
/// A request is refused before the cache is asked if its limits have no room for it. Where a miss costs
/// more than a hit, only the cache can tell what to have room for: then it is refused after that, so that
/// the wait it is told is the wait for its own price. It pays once, when it is known what it costs and
/// nothing else can refuse it any more: for a hit before it is answered, for anything else before the
/// upstream is asked. So a refused request has never taken anything. All of it happens inside one event.
extension RequestPipeline {
    /// 8: whether each bucket has what the request costs, as far as that is known; nothing is taken yet.
    func checkLimits(
        _ method: Method, _ downstream: Downstream, _ record: inout ExchangeRecord
    ) -> Refusal? {
        guard let index = record.routeIndex else { return .noRoute }
        let tenant = record.tenantIndex
        return record.judge.read { $0.limits(tenant: tenant, route: index) }.read { plan in
            checkLimits(plan, route: index, method, downstream, &record)
        }
    }

    private func checkLimits(
        _ plan: LimitPlan, route index: Int, _ method: Method, _ downstream: Downstream,
        _ record: inout ExchangeRecord
    ) -> Refusal? {
        if plan.isEmpty { return nil }
        let tenant = record.tenantNumbers
        let subject = LimitSubject(
            tenant: tenant?.identity ?? 0, token: record.token?.value ?? 0,
            route: record.judge.read { $0.routeNumbers[index].identity },
            credential: tenant?.credentialIdentity ?? 0, address: downstream.address)
        limited.fieldsStart = ownFields.count
        limited.price = method.isSafe ? plan.cost.miss : plan.cost.write
        // An opaque query goes by the cache.
        let mayBeHit =
            record.sharing != nil && record.cacheStatus == nil && (method == .get || method == .head)
        let isPriceKnown = !mayBeHit || plan.cost.hit == limited.price
        let decision = limiter.look(
            LimitCharge(tokens: isPriceKnown ? limited.price : 0), of: plan, by: subject,
            at: LimitMoment(downstream.startedAt, unixNanoseconds: recorder.nowUnixNanoseconds),
            &limited.take)
        if decision == .within {
            limited.plan = Borrowed(plan)
            return nil
        }
        return settle(decision, plan, &record)
    }

    /// What an answer out of the cache costs, before it is given.
    func takeForHit(_ record: inout ExchangeRecord) -> Refusal? {
        guard let plan = limited.plan.take() else { return nil }
        return plan.read { take(LimitCharge(tokens: $0.cost.hit), $0, &record) }
    }

    /// What a request costs that the cache has no answer for, and its place among the requests under way.
    /// Before that, whether the upstream and the gateway can take on any more; an answer whose time is over
    /// may be given all the same while the upstream takes none.
    func takeForUpstream(_ record: inout ExchangeRecord, isAnyhowAnswered: Bool = false) -> Refusal? {
        if !isAnyhowAnswered, let seconds = pausedSeconds(record) {
            tellLimits(&record)
            return .upstreamLimited(retryAfterSeconds: seconds)
        }
        let load = LoadShedder.Load(
            waitingCount: upstream.waitingCount, maximumWaitingCount: upstream.maximumWaitingCount,
            residentBytes: residentBytes())
        let tenant = record.tenant?.tenant.identity ?? 0
        if let shortage = shedder.shortage(isWrite: !record.method.isSafe, tenant: tenant, load) {
            tellLimits(&record)
            recorder.shed(record.tenant, shortage)
            return .overloaded(retryAfterSeconds: shedder.retryAfterSeconds())
        }
        guard let plan = limited.plan.take()?.object else { return nil }
        let refusal = take(
            LimitCharge(tokens: limited.price, isUnderWay: plan.countsUnderWay), plan, &record)
        if refusal == nil, limited.take.report.underWay != 0 {
            underWay = UnderWay(plan: plan, subject: limited.take.subject, mask: limited.take.report.underWay)
        }
        return refusal
    }

    /// Tells a client what its limits have left when it is refused for another reason: a take of nothing.
    private func tellLimits(_ record: inout ExchangeRecord) {
        guard let plan = limited.plan.take() else { return }
        plan.read { _ = take(LimitCharge(tokens: 0), $0, &record) }
    }

    private func take(
        _ charge: LimitCharge, _ plan: LimitPlan, _ record: inout ExchangeRecord
    ) -> Refusal? {
        let decision = limiter.take(charge, of: plan, &limited.take)
        return settle(decision, plan, &record)
    }

    /// Ends what `takeForUpstream` began.
    func release(_ underWay: UnderWay) {
        limiter.release(underWay.mask, of: underWay.plan, by: underWay.subject)
    }

    /// Writes down what came of a take, and says no if that is what came of it.
    private func settle(
        _ decision: LimitDecision, _ plan: LimitPlan, _ record: inout ExchangeRecord
    ) -> Refusal? {
        ownFields.truncate(to: limited.fieldsStart)
        switch decision {
        case .within:
            plan.fields.append(limited.take.report, plan, into: &ownFields)
            if limited.take.report.exceeded != 0 { shadow(plan, &record) }
            return nil
        case .exceeded(let index, _):
            plan.fields.append(limited.take.report, plan, into: &ownFields)
            let limit = plan.policies[index].label
            recorder.limitExceeded(record.tenant, limit)
            record.limit = limit
            return .limited(
                ExceededLimits(plan, limited.take.report, longest: index),
                retryAfterSeconds: decision.retryAfterSeconds)
        // What the report says is half a story: nobody knows what the missing bucket has left.
        case .noRoom: return .overloaded(retryAfterSeconds: decision.retryAfterSeconds)
        }
    }

    /// Counts the limits in shadow that would have refused the request.
    private func shadow(
        _ plan: LimitPlan, _ record: inout ExchangeRecord
    ) {
        for index in plan.policies.indices where limited.take.report.isExceeded(index) {
            let limit = plan.policies[index].label
            recorder.limitShadowed(record.tenant, limit)
            record.limit = limit
        }
    }
}

/// What the request at hand owes its limits. One per worker, used anew for each request.
struct LimitedRequest: ~Copyable {
    /// Its buckets, and what they have left.
    var take = LimitTake()
    /// What it costs unless the cache answers it, in tokens.
    var price: UInt64 = 0
    /// Its limits, until it has paid or is refused; then, and for a request without any, absent. The snapshot
    /// holds them.
    var plan: Borrowed<LimitPlan>?
    /// Whether nothing is owed.
    var isPaid: Bool { plan == nil }
    /// Where the fields about limits begin in the gateway's own fields.
    var fieldsStart = 0
}

/// A place among the requests under way, to be given back when the exchange ends.
struct UnderWay {
    let plan: LimitPlan
    let subject: LimitSubject
    let mask: UInt8
}
