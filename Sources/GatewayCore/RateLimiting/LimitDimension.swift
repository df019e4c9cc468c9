/// What a bucket is kept by. A limit may combine several; each combination of their values has its own
/// bucket.
package enum LimitDimension: String, Sendable, Hashable, CaseIterable {
    /// One bucket per tenant.
    case tenant
    /// One bucket per token of a tenant.
    case token
    /// One bucket per route.
    case route
    /// One bucket per client address.
    case address
    /// One bucket per upstream credential.
    case credential
}
