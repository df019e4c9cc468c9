import Cache
import HTTPModel

/// What follows from an upstream that refuses a tenant's credential.
extension RequestPipeline {
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
        guard let request = exchange.repeatable ?? exchange.fill else {
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
