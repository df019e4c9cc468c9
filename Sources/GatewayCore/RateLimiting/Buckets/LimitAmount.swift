import HTTPModel

/// What a limit allows.
package enum LimitAmount: Sendable {
    /// Tokens that grow back all the time.
    case rate(LimitRate)
    /// So many requests at once.
    case concurrent(UInt64)
    /// So many in each window of a calendar.
    case quota(UInt64, QuotaCalendar)
}

/// How fast tokens grow back, and how many there can be.
package struct LimitRate: Sendable, Hashable {
    /// Tokens that grow back in `per`.
    package let requests: UInt64
    /// The time in which `requests` tokens grow back.
    package let per: Duration
    /// Tokens in a full bucket: what can be taken at once.
    package let burst: UInt64

    /// Makes a rate from its parts; `LimitPolicy` checks them.
    package init(requests: UInt64, per: Duration, burst: UInt64) {
        self.requests = requests
        self.per = per
        self.burst = burst
    }

    /// The arithmetic that follows from it.
    func bucket() throws(LimitPolicyFailure) -> TokenBucket {
        guard (1...LimitPolicy.maximumRequests).contains(requests) else { throw .requestsOutOfBounds }
        guard (1...LimitPolicy.maximumRequests).contains(burst) else { throw .burstOutOfBounds }
        guard per.nanoseconds > 0 else { throw .timeOutOfBounds }
        let perNanoseconds = UInt64(per.nanoseconds)
        let interval = (perNanoseconds - 1) / requests + 1
        guard perNanoseconds / requests >= LimitPolicy.minimumIntervalNanoseconds else { throw .tooFast }
        let (capacity, overflow) = interval.multipliedReportingOverflow(by: burst)
        guard !overflow, capacity <= TokenBucket.maximumCapacityNanoseconds else { throw .tooLong }
        return TokenBucket(intervalNanoseconds: interval, capacityNanoseconds: capacity)
    }
}
