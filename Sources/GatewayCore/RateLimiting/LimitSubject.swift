import HTTPModel

/// Who asks, in the numbers by which buckets are kept.
///
/// The rooms above number their tenants, tokens, routes and credentials; a number must not pass to somebody
/// else while the process lives, or two would share a bucket. Where there is no such thing (an open route has
/// no tenant) the number is zero.
package struct LimitSubject: Sendable, Hashable {
    /// The tenant's number.
    package var tenant: UInt64
    /// The token's number.
    package var token: UInt64
    /// The route's number.
    package var route: UInt64
    /// The upstream credential's number.
    package var credential: UInt64
    /// The client's address.
    package var address: IPAddress

    /// Makes a subject from its numbers.
    package init(tenant: UInt64, token: UInt64, route: UInt64, credential: UInt64, address: IPAddress) {
        self.tenant = tenant
        self.token = token
        self.route = route
        self.credential = credential
        self.address = address
    }

    /// What names the bucket of this subject under a policy; never zero.
    ///
    /// A keyed hash of 64 bits stands for the whole identity: among a million buckets two meet with a
    /// probability of 3 in 100 million, nobody can bring it about without the key, and two that met would get
    /// less than theirs, never more.
    @inline(__always)
    func bucketKey(of policy: borrowing LimitPolicy, hashKey: SipHash.Key) -> UInt64 {
        var hash = SipHash(key: hashKey)
        hash.absorb(policy.identity, rounds: 1)
        let dimensions = policy.dimensions.span
        for index in dimensions.indices { hash.absorb(value(of: dimensions[index]), rounds: 1) }
        let key = hash.finish(rounds: 3)
        return key == 0 ? 1 : key
    }

    /// The subject's value in one dimension: the single place that knows what each dimension means.
    @inline(__always)
    private func value(of dimension: LimitDimension) -> UInt64 {
        switch dimension {
        case .tenant: tenant
        case .token: token
        case .route: route
        case .credential: credential
        // Whoever has one IPv6 address has its whole /64, so the network is the client there. The prefix
        // 0:0:0:0 holds the mapped IPv4 addresses and, beside them, only addresses no client can have.
        case .address: address.high == 0 ? address.low : address.high
        }
    }
}
