package import HTTPModel

/// What the corridor needs to know about the client's connection.
package struct Downstream: Sendable {
    /// The client's address.
    package let address: IPAddress
    /// The version of the connection's TLS, if it has any.
    package let tls: TLSVersion?
    /// Whether this is the connection's last exchange, whatever the request says: a drain, or the bound on
    /// requests per connection.
    package let isLast: Bool
    /// The connection's identity, for waking it.
    package let registration: Registration
    /// Whether content bytes of this request have already arrived behind its head.
    package let contentHasArrived: Bool
    /// When the first byte of the head came.
    package let headBeganAt: MonotonicInstant
    /// When the head was whole, and the request was taken up.
    package let startedAt: MonotonicInstant

    /// Whether the connection has TLS.
    package var isSecure: Bool { tls != nil }

    /// Puts the facts together.
    package init(
        address: IPAddress, tls: TLSVersion?, isLast: Bool, registration: Registration,
        contentHasArrived: Bool, headBeganAt: MonotonicInstant, startedAt: MonotonicInstant
    ) {
        self.address = address
        self.tls = tls
        self.isLast = isLast
        self.registration = registration
        self.contentHasArrived = contentHasArrived
        self.headBeganAt = headBeganAt
        self.startedAt = startedAt
    }
}
