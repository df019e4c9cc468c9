package import HTTPModel

/// What the corridor needs to know about the client's connection.
package struct Downstream: Sendable {
    /// The client's address.
    package let address: IPAddress
    /// Whether the connection has TLS.
    package let isSecure: Bool
    /// Whether this is the connection's last exchange, whatever the request says: a drain, or the bound on
    /// requests per connection.
    package let isLast: Bool
    /// The connection's identity, for waking it.
    package let registration: Registration
    /// Whether content bytes of this request have already arrived behind its head.
    package let contentHasArrived: Bool
    /// When the request's bytes were taken up.
    package let startedAt: MonotonicInstant

    /// Puts the facts together.
    package init(
        address: IPAddress, isSecure: Bool, isLast: Bool, registration: Registration, contentHasArrived: Bool,
        startedAt: MonotonicInstant
    ) {
        self.address = address
        self.isSecure = isSecure
        self.isLast = isLast
        self.registration = registration
        self.contentHasArrived = contentHasArrived
        self.startedAt = startedAt
    }
}
