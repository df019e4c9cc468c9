package import HTTPModel

/// What the corridor needs to know about the client's connection.
package struct Downstream: Sendable {
    /// The client's address: that of the peer, or what a trusted proxy says.
    package private(set) var address: IPAddress
    /// Whether the client speaks https, to us or to a trusted proxy.
    package private(set) var isSecure: Bool
    /// The version of the connection's TLS, if it has any.
    package let tls: TLSVersion?
    /// Whether this is the connection's last exchange, whatever the request says: a drain, or the bound on
    /// requests per connection.
    package let isLast: Bool
    /// The connection's identity, for waking it.
    package let registration: Registration
    /// Whether content bytes of this request have already arrived behind its head.
    package let contentHasArrived: Bool
    /// Whether the connection would like to keep the request, to compare the next ones with it.
    package let mayBeKept: Bool
    /// When the first byte of the head came.
    package let headBeganAt: MonotonicInstant
    /// When the head was whole, and the request was taken up.
    package let startedAt: MonotonicInstant

    /// Puts the facts together.
    package init(
        address: IPAddress, tls: TLSVersion?, isLast: Bool, registration: Registration,
        contentHasArrived: Bool, mayBeKept: Bool = false, headBeganAt: MonotonicInstant,
        startedAt: MonotonicInstant
    ) {
        self.address = address
        self.tls = tls
        isSecure = tls != nil
        self.isLast = isLast
        self.registration = registration
        self.contentHasArrived = contentHasArrived
        self.mayBeKept = mayBeKept
        self.headBeganAt = headBeganAt
        self.startedAt = startedAt
    }

    /// The same with the client that stands behind the peer, if the peer is believed.
    func behind(
        _ proxies: TrustedProxies, _ head: borrowing RequestHead, _ bytes: Span<UInt8>
    ) -> Downstream {
        let peer = ClientSide(address: address, isSecure: isSecure)
        let client = proxies.client(peer: peer, head, bytes)
        var behind = self
        behind.address = client.address
        behind.isSecure = client.isSecure
        return behind
    }

    /// The same with a client that is known to stand there.
    func seen(from address: IPAddress) -> Downstream {
        var seen = self
        seen.address = address
        return seen
    }
}
