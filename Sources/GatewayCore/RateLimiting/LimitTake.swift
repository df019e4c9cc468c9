import HTTPModel

/// What a worker knows of the buckets of the request at hand, from the look at them to the take. Of fixed
/// size, used anew for each request; `RateLimiter` alone reads and writes it.
package struct LimitTake: ~Copyable {
    /// Whose buckets.
    package private(set) var subject = LimitSubject(
        tenant: 0, token: 0, route: 0, credential: 0, address: IPAddress(high: 0, low: 0))
    /// When the request came.
    private(set) var moment = LimitMoment(MonotonicInstant(nanoseconds: 0), unixNanoseconds: 0)
    /// What the limits had left after the last look or take that ended.
    package internal(set) var report = LimitReport()
    /// What became of it so far.
    var decision = LimitDecision.within
    /// The buckets' keys, by the index of their policy; so is everything below.
    var keys = InlineArray<8, UInt64>(repeating: 0)
    /// Where the buckets are; 0 is no bucket: not found yet.
    var buckets = InlineArray<8, Int>(repeating: 0)
    /// What they held when they were last looked at.
    var words = InlineArray<8, UInt64>(repeating: 0)
    /// The minutes that quotas' windows end in.
    var windows = InlineArray<8, UInt64>(repeating: 0)
    /// Indices of the policies that are taken from, in ascending order of their buckets.
    var order = InlineArray<8, Int>(repeating: 0)
    /// How many they are.
    var orderCount = 0

    /// Of no request yet.
    package init() {}

    /// Begins with a request of which no bucket has been found.
    @inline(__always)
    mutating func begin(_ subject: LimitSubject, _ moment: LimitMoment) {
        self.subject = subject
        self.moment = moment
        report.removeAll()
        decision = .within
        buckets = InlineArray(repeating: 0)
        words = InlineArray(repeating: 0)
        orderCount = 0
    }

    /// The moment as a policy sees it.
    @inline(__always)
    func moment(_ index: Int) -> LimitMoment {
        var moment = moment
        moment.windowEndMinute = windows[index]
        return moment
    }
}
