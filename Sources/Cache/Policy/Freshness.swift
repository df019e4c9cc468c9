public import HTTPModel

/// When an answer was asked for and when its head came, for the arithmetic of RFC 9111 §4.2.3.
public struct FetchTiming: Sendable, Hashable {
    /// When the request was sent to the upstream.
    public let requestedAt: MonotonicInstant
    /// When the head of the answer had come.
    public let receivedAt: MonotonicInstant
    /// The same moment on the wall clock, in seconds since 1970.
    public let receivedUnixSeconds: Int64

    /// Puts the three together.
    public init(requestedAt: MonotonicInstant, receivedAt: MonotonicInstant, receivedUnixSeconds: Int64) {
        self.requestedAt = requestedAt
        self.receivedAt = receivedAt
        self.receivedUnixSeconds = receivedUnixSeconds
    }
}

/// How old an answer was when it came, and until when it may be reused (RFC 9111 §4.2).
public struct Freshness: Sendable, Hashable {
    /// When the answer came.
    public let receivedAt: MonotonicInstant
    /// Its age at that moment: the corrected initial age of RFC 9111 §4.2.3.
    public let initialAgeNanoseconds: UInt64
    /// The first instant at which it is stale.
    public let freshUntil: MonotonicInstant
    /// The first instant at which it is not even given while somebody fetches a new one.
    public let servedWhileRevalidatingUntil: MonotonicInstant
    /// The first instant at which it is not even given in place of a failure.
    public let servedOnErrorUntil: MonotonicInstant

    /// Puts the parts together; without more, nothing is given beyond the lifetime.
    init(
        receivedAt: MonotonicInstant, initialAgeNanoseconds: UInt64, freshUntil: MonotonicInstant,
        servedWhileRevalidatingUntil: MonotonicInstant? = nil, servedOnErrorUntil: MonotonicInstant? = nil
    ) {
        self.receivedAt = receivedAt
        self.initialAgeNanoseconds = initialAgeNanoseconds
        self.freshUntil = freshUntil
        self.servedWhileRevalidatingUntil = servedWhileRevalidatingUntil ?? freshUntil
        self.servedOnErrorUntil = servedOnErrorUntil ?? freshUntil
    }

    /// Whether the answer may be reused without asking.
    @inlinable
    public func isFresh(at now: MonotonicInstant) -> Bool { now < freshUntil }

    /// The value of `Age` (RFC 9111 §5.1): whole seconds, rounded down.
    public func ageSeconds(at now: MonotonicInstant) -> Int64 {
        let elapsed = now.nanosecondsElapsed(since: receivedAt)
        let (age, overflow) = initialAgeNanoseconds.addingReportingOverflow(elapsed)
        return Int64((overflow ? .max : age) / Self.second)
    }

    /// Seconds of freshness that remain, rounded down: negative exactly when the answer is stale.
    public func remainingSeconds(at now: MonotonicInstant) -> Int64 {
        if isFresh(at: now) { return Int64(freshUntil.nanosecondsElapsed(since: now) / Self.second) }
        return -1 - Int64(now.nanosecondsElapsed(since: freshUntil) / Self.second)
    }

    private static let second: UInt64 = 1_000_000_000

    /// The same with an earlier end; what may be given stale is the same time from then on.
    func ending(at end: MonotonicInstant) -> Freshness {
        let cut = freshUntil.elapsed(since: end)
        return Freshness(
            receivedAt: receivedAt, initialAgeNanoseconds: initialAgeNanoseconds,
            freshUntil: min(end, freshUntil),
            servedWhileRevalidatingUntil: servedWhileRevalidatingUntil.advanced(by: .zero - cut),
            servedOnErrorUntil: servedOnErrorUntil.advanced(by: .zero - cut))
    }
}

extension Freshness {
    /// Works out what may be reused for how long; `nil` when that is no time at all.
    ///
    /// The upstream's lifetime counts from the answer's birth, so its whole age is taken off. The route's
    /// lifetime is the operator's word about this gateway: only an age that an upstream cache admits to
    /// (`Age`) is taken off, not the difference of two wall clocks, or a skew of some seconds would switch
    /// caching off.
    init?(
        of response: ResponseHead, by directives: UpstreamDirectives, routeLifetime: Duration,
        staleness: Staleness = .none, timing: FetchTiming
    ) {
        let statedAge = Self.seconds(Int64(response.statedAgeSeconds))
        let delay = timing.receivedAt.nanosecondsElapsed(since: timing.requestedAt)
        let apparentAge = Self.seconds(
            response.date.map { Self.difference(timing.receivedUnixSeconds, $0.unixSeconds) } ?? 0)
        let age = max(apparentAge, Self.sum(statedAge, delay))

        let routeNanoseconds = UInt64(max(0, routeLifetime.nanoseconds))
        var remaining = routeNanoseconds > statedAge ? routeNanoseconds - statedAge : 0
        if let lifetimeSeconds = directives.lifetimeSeconds(of: response, timing: timing) {
            let lifetime = Self.seconds(lifetimeSeconds)
            remaining = min(remaining, lifetime > age ? lifetime - age : 0)
        }
        guard remaining > 0 else { return nil }
        remaining -= Self.jitter(of: remaining, staleness.jitterPercent, timing.receivedAt)
        let end = MonotonicInstant(nanoseconds: Self.sum(timing.receivedAt.nanoseconds, remaining))
        self.init(
            receivedAt: timing.receivedAt, initialAgeNanoseconds: age, freshUntil: end,
            servedWhileRevalidatingUntil: end.advanced(
                by: directives.staleTime(staleness.whileRevalidating, directives.control.staleWhileRevalidate)
            ),
            servedOnErrorUntil: end.advanced(
                by: directives.staleTime(staleness.onError, directives.control.staleIfError)))
    }

    /// What is taken off a lifetime. The instants at which answers come differ in their lowest bits, which
    /// nobody outside chooses and which cost no draw.
    private static func jitter(
        of lifetime: UInt64, _ percent: Int, _ receivedAt: MonotonicInstant
    ) -> UInt64 {
        let share = UInt64(min(50, max(0, percent)))
        let draw = (receivedAt.nanoseconds &* 0x9E37_79B9_7F4A_7C15) >> 54
        return lifetime / 100 * share / 1_024 * draw
    }

    private static func seconds(_ seconds: Int64) -> UInt64 {
        let (product, overflow) = UInt64(max(0, seconds)).multipliedReportingOverflow(by: second)
        return overflow ? .max : product
    }

    private static func difference(_ later: Int64, _ earlier: Int64) -> Int64 {
        let (result, overflow) = later.subtractingReportingOverflow(earlier)
        return overflow ? .max : max(0, result)
    }

    private static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (result, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : result
    }
}

/// The directives that apply to this cache: a targeted field where there is one, else Cache-Control.
struct UpstreamDirectives: Sendable, Hashable {
    /// What was said.
    let control: CacheControl
    /// Whether `CDN-Cache-Control` said it; then `Expires` is out of play too (RFC 9213 §2.2).
    let isTargeted: Bool

    /// Reads them from the head of an answer.
    init(_ response: ResponseHead) {
        var targeted: [UInt8] = []
        var ordinary = CacheControl()
        let bytes = response.bytes.span
        for line in response.fields {
            if line.known == .cacheControl {
                ordinary.read(bytes.extracting(line.value.range))
            } else if line.isTargetedCacheControl(in: bytes) {
                if !targeted.isEmpty { targeted.append(0x2C) }
                targeted.append(bytes.extracting(line.value.range))
            }
        }
        let spoken = CacheControl(targeted: targeted.span)
        control = spoken ?? ordinary
        isTargeted = spoken != nil
    }

    /// For how long an answer may be given stale: as long as the route says, unless the upstream says less,
    /// and not at all where it forbids that (RFC 9111 §4.2.4).
    func staleTime(_ routeTime: Duration, _ stated: CacheControl.Lifetime) -> Duration {
        if control.forbidsStale { return .zero }
        switch stated {
        case .absent: return routeTime
        case .seconds(let seconds): return min(routeTime, .seconds(Int64(seconds)))
        case .doubtful: return .zero
        }
    }

    /// The upstream's lifetime in seconds (RFC 9111 §4.2.1); `nil` if it states none. Doubt is zero.
    func lifetimeSeconds(of response: ResponseHead, timing: FetchTiming) -> Int64? {
        switch control.lifetime {
        case .seconds(let seconds): return Int64(seconds)
        case .doubtful: return 0
        case .absent: break
        }
        guard !isTargeted, let expires = response.firstValue(of: .expires) else { return nil }
        // RFC 9111 §5.3: an invalid date, "0" above all, means already expired.
        guard let expires = HTTPDate(response.bytes.span.extracting(expires.range)) else { return 0 }
        let base = response.date?.unixSeconds ?? timing.receivedUnixSeconds
        return max(0, expires.unixSeconds - base)
    }
}

extension FieldLine {
    /// Whether this is `CDN-Cache-Control` (RFC 9213 §3), addressed to caches like this one.
    func isTargetedCacheControl(in bytes: Span<UInt8>) -> Bool {
        known == .other && bytes.extracting(name.range).equalsIgnoringCase("cdn-cache-control")
    }
}

extension ResponseHead {
    /// `Date`, if it is one.
    fileprivate var date: HTTPDate? {
        firstValue(of: .date).flatMap { HTTPDate(bytes.span.extracting($0.range)) }
    }

    /// `Age` in seconds: the first member of the first line; anything unreadable is ignored (RFC 9111 §5.1).
    fileprivate var statedAgeSeconds: UInt32 {
        guard let value = firstValue(of: .age) else { return 0 }
        let text = bytes.span.extracting(value.range)
        var end = 0
        while end < text.count, text[end] != 0x2C, !text[end].isBlank { end += 1 }
        return text.extracting(0..<end).deltaSeconds ?? 0
    }
}
