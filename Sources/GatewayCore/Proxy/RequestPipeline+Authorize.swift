import HTTPModel

/// Stage 6, and what of the token's ceilings shows only once the query is known.
extension RequestPipeline {
    /// 6: who asks, and whether they may.
    func authorize(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ record: inout ExchangeRecord
    ) -> Refusal? {
        pageCeiling = .max
        guard let routeIndex = record.routeIndex else { return .noRoute }
        // Two Authorization lines are two stories about who asks; the shape of neither is looked at.
        let count = head.count(of: .authorization)
        let value = count == 1 ? head.firstValue(of: .authorization) ?? .empty : .empty
        let subject = AccessSubject(
            method: head.method, address: record.address, routeIndex: routeIndex,
            nowUnixSeconds: recorder.nowUnixSeconds)
        let decision = record.judge.read { snapshot in
            Borrowed(snapshot.routes.routes[routeIndex]).read { route in
                route.access.decide(
                    subject, authorization: bytes.extracting(value.range), in: snapshot.access)
            }
        }
        switch decision {
        case .open: return nil
        case .granted(let grant):
            precondition(
                record.judge.read { $0.tenants[grant.tenantIndex].tenant.identity == grant.tenantIdentity },
                "the grant is not of tenant \(grant.tenantIndex)")
            record.token = grant.token
            record.tenantIndex = grant.tenantIndex
            pageCeiling = grant.maximumLimit
            shown = grant
            note(grant, record)
            return nil
        case .refused(let reason, let holder):
            if reason.isFailedToken {
                // Taken before a hash is computed for what nobody can have (docs/decisions/0012).
                if let seconds = failedTokens.take(record.address, now: record.startedAt) {
                    return .guessing(retryAfterSeconds: seconds)
                }
                record.judge.read { $0.access.judgeInVain(after: reason) }
            }
            if let holder {
                record.token = holder.token
                record.tenantIndex = holder.tenantIndex
                shown = holder
            }
            return .access(count > 1 ? .malformed : reason)
        }
    }

    /// Notes the use of a token, and says of its end what there is to say.
    func note(_ grant: TokenGrant, _ record: borrowing ExchangeRecord) {
        let now = recorder.nowUnixSeconds
        let end = record.judge.read { snapshot in
            snapshot.access.noteUse(of: grant, nowUnixSeconds: now)
            return snapshot.access.farewell(of: grant, nowUnixSeconds: now)
        }
        if end.isSaid { farewell.append(end, to: &ownFields) }
    }

    /// Whether a page of `rows` is within the token's ceiling.
    func checkCeiling(rows: Int) -> Refusal? {
        // A page size is never negative: its model says from where to where it goes.
        UInt64(rows) > UInt64(pageCeiling) ? .pageTooLarge(maximum: pageCeiling) : nil
    }

    /// The same for a query that goes to the upstream as it came.
    func checkCeiling(raw query: Span<UInt8>, _ model: ListQueryModel?) -> Refusal? {
        if pageCeiling == .max { return nil }
        let name = model.map { $0.parameters[$0.pageSizeIndex].name } ?? "limit"
        switch RequestedLimit.read(name, in: query) {
        case .absent: return nil
        case .rows(let rows): return rows > UInt64(pageCeiling) ? .pageTooLarge(maximum: pageCeiling) : nil
        case .unclear: return .pageTooLarge(maximum: pageCeiling)
        }
    }
}
