/// What a worker tells the main thread when the upstream answers 401 to a tenant's upstream token.
package struct CredentialReport: Sendable, Hashable {
    /// What became of the request.
    package enum Outcome: Sendable, Hashable {
        /// It was sent once more with the tenant's other token, which was not refused.
        case otherAccepted
        /// Its content was gone, so it could not be sent once more; the client has the 401.
        case notRepeated
        /// The other token was refused as well.
        case bothRefused
    }

    /// The tenant.
    package let tenantIdentity: UInt64
    /// The token that was refused first.
    package let credentialIdentity: UInt64
    /// What became of the request.
    package let outcome: Outcome

    /// Puts a report together.
    package init(tenant: Tenant, outcome: Outcome) {
        tenantIdentity = tenant.identity
        credentialIdentity = tenant.credentialIdentity
        self.outcome = outcome
    }
}
