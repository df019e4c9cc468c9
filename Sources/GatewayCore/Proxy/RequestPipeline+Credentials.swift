import Cache
import HTTPModel

/// What follows from an upstream that refuses a tenant's credential, or wants no more requests with it.
extension RequestPipeline {
    /// Seconds for which nothing may be sent on behalf of a request; `nil` if it may be sent now.
    func pausedSeconds(_ record: ExchangeRecord, isRepeated: Bool = false) -> UInt64? {
        guard let context = record.tenant else { return nil }
        return (isRepeated ? context.standbyPause : context.pause).remainingSeconds(at: now)
    }

    /// Remembers that the upstream wants no more requests with a credential for a while.
    func notePause(_ exchange: Exchange, _ head: ResponseHead) {
        guard head.status == .tooManyRequests, let context = exchange.record.tenant else { return }
        let pause = exchange.isRepeated ? context.standbyPause : context.pause
        let hasBegun = pause.begin(
            head, toSafeRequest: exchange.record.method.isSafe, now: now,
            nowUnixSeconds: recorder.nowUnixSeconds)
        if hasBegun { recorder.upstreamPaused(context) }
    }

    /// Looks at the head of an answer as soon as it is there; `true` if the request was sent once more, with
    /// the tenant's other upstream token, so that this answer is nobody's.
    ///
    /// Once and no more for an exchange: whatever the second answer is, it is the client's. Content that has
    /// been sent is gone, so a request with content is not repeated; its client gets the 401, and the next
    /// request is sent with the other token.
    func credentialWasRefused(_ exchange: Exchange, _ transfer: Transfer) -> Bool {
        guard let context = exchange.record.tenant, let status = transfer.head?.status else { return false }
        if status == .unauthorized || status == .forbidden || status == .gone {
            // What was fetched with a credential is not shown once it has lost its rights.
            cache.invalidate(context.partition)
        }
        let tenant = context.tenant
        if exchange.isRepeated {
            let outcome: CredentialReport.Outcome =
                status == .unauthorized ? .bothRefused : .otherAccepted
            report(CredentialReport(tenant: tenant, outcome: outcome))
            return false
        }
        guard status == .unauthorized, let standby = tenant.standby else { return false }
        guard let request = exchange.repeatable ?? exchange.question else {
            report(CredentialReport(tenant: tenant, outcome: .notRepeated))
            return false
        }
        exchange.isRepeated = true
        upstream.cancel(transfer)
        exchange.record.upstreamHeadAt = nil
        exchange.record.upstreamStatus = nil
        exchange.record.upstreamEndedAt = nil
        start(exchange, request.authorized(by: standby))
        return true
    }
}
