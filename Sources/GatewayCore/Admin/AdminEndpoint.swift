package import HTTPModel

/// What can be asked at the admin address; docs/operations.md tells what for.
package enum AdminEndpoint: String, Sendable, CaseIterable {
    /// 200 while the process lives.
    case health = "/healthz"
    /// 200 while the gateway takes traffic, 503 while it starts or drains.
    case readiness = "/readyz"
    /// All metrics in Prometheus' text format.
    case metrics = "/metrics"
    /// What the gateway is doing, as JSON.
    case status = "/status"
    /// Takes entries out of the cache.
    case purge = "/purge"

    /// The endpoint of a path.
    package init?(_ path: Span<UInt8>) {
        self.init(rawValue: path.text)
    }

    /// The one method it takes; HEAD is taken with GET.
    package var method: Method {
        switch self {
        case .health, .readiness, .metrics, .status: .get
        case .purge: .post
        }
    }

    /// Whether it may be asked without the admin token: a load balancer has none, and learns nothing here.
    package var isOpen: Bool {
        switch self {
        case .health, .readiness: true
        case .metrics, .status, .purge: false
        }
    }
}
