package import HTTPModel

/// How a limit counts, as arithmetic on the one 63-bit word that its bucket is.
///
/// - A rate keeps the bucket's full time, an instant below 2^62 (`TokenBucket`).
/// - A concurrency limit keeps 2^62 + the number of requests under way, or any instant for none. So a bucket
///   in use is never taken for a full one that may be evicted.
/// - A quota keeps the minute its window ends in, and below it 36 bits of what was used in that window. Words
///   of later windows are greater, and a word of a window that is over is less than the present moment's.
///
/// Pure, of fixed size and without references, so that a worker copies it for nothing.
package enum LimitRule: Sendable, Hashable {
    /// Tokens that grow back all the time.
    case rate(TokenBucket)
    /// So many requests at once.
    case concurrent(maximum: UInt64)
    /// So many per day or month of the calendar.
    case quota(maximum: UInt64)

    /// Set in the word of a concurrency limit while requests are under way: above every instant.
    static let underWayBit: UInt64 = 1 << 62
    /// Bits of a quota's word that count what was used.
    static let usedBits: UInt64 = 36

    /// What a take would do.
    package enum Outcome: Sendable, Hashable {
        /// There is room; with the take done the bucket has this word.
        case within(word: UInt64)
        /// There is none before so many nanoseconds from now. For a concurrency limit nobody knows when a
        /// request ends: a second is said.
        case exceeded(waitNanoseconds: UInt64)
    }

    /// How long a client waits for somebody else's request to end.
    private static let concurrencyWait: UInt64 = 1_000_000_000

    /// Whether a bucket has room for a take at a moment; changes nothing. `tokens` is what the request costs;
    /// at once, each counts as one.
    @inline(__always)
    package func outcome(word: UInt64, tokens: UInt64, at moment: LimitMoment) -> Outcome {
        switch self {
        case .rate(let bucket):
            switch bucket.outcome(fullAt: word, now: moment.nanoseconds, tokens: tokens) {
            case .within(let fullAt): return .within(word: fullAt)
            case .exceeded(let wait): return .exceeded(waitNanoseconds: wait)
            }
        case .concurrent(let maximum):
            let underWay = Self.underWay(word)
            return underWay < maximum
                ? .within(word: Self.underWayBit | (underWay + 1))
                : .exceeded(waitNanoseconds: Self.concurrencyWait)
        case .quota(let maximum):
            let present = Self.present(word, at: moment)
            return Self.used(present) + tokens <= maximum
                ? .within(word: present + tokens)
                : .exceeded(waitNanoseconds: moment.nanosecondsUntil(endMinute: present >> Self.usedBits))
        }
    }

    /// What a bucket has left at a moment: tokens, requests at once, or what the window still allows.
    @inline(__always)
    package func remaining(word: UInt64, at moment: LimitMoment) -> UInt64 {
        switch self {
        case .rate(let bucket): return bucket.tokens(fullAt: word, now: moment.nanoseconds)
        case .concurrent(let maximum):
            let underWay = Self.underWay(word)
            return underWay < maximum ? maximum - underWay : 0
        case .quota(let maximum):
            let used = Self.used(Self.present(word, at: moment))
            return used < maximum ? maximum - used : 0
        }
    }

    /// Nanoseconds until all of it is there again; zero where nobody knows.
    @inline(__always)
    package func nanosecondsUntilFull(word: UInt64, at moment: LimitMoment) -> UInt64 {
        switch self {
        case .rate: return word > moment.nanoseconds ? word - moment.nanoseconds : 0
        case .concurrent: return 0
        case .quota:
            return moment.nanosecondsUntil(endMinute: Self.present(word, at: moment) >> Self.usedBits)
        }
    }

    /// The word of a concurrency limit once one of the requests it counts is over.
    static func ended(word: UInt64) -> UInt64 {
        let underWay = underWay(word)
        precondition(underWay > 0, "a request ends that has not begun")
        return underWay == 1 ? 0 : word - 1
    }

    /// Requests under way.
    @inline(__always)
    static func underWay(_ word: UInt64) -> UInt64 {
        word & underWayBit == 0 ? 0 : word & (underWayBit - 1)
    }

    @inline(__always)
    private static func used(_ word: UInt64) -> UInt64 { word & ((1 << usedBits) - 1) }

    /// The word, or that of the present window without use if the word's is over. A clock that was set back
    /// goes on in the later window: a window is not granted twice.
    @inline(__always)
    private static func present(_ word: UInt64, at moment: LimitMoment) -> UInt64 {
        max(word, moment.windowEndMinute << usedBits)
    }
}

/// When a take happens, as the rules need it.
package struct LimitMoment: Sendable, Hashable {
    /// The monotonic clock.
    package var nanoseconds: UInt64
    /// The wall clock, in nanoseconds since 1970, for quotas.
    package var unixNanoseconds: Int64
    /// The minute since 1970 that the quota's present window ends with; zero for other rules.
    package var windowEndMinute: UInt64 = 0

    /// Makes a moment from two clock readings.
    package init(_ instant: MonotonicInstant, unixNanoseconds: Int64) {
        nanoseconds = instant.nanoseconds
        self.unixNanoseconds = unixNanoseconds
    }

    /// How long it is until a minute has come; zero once it has.
    @inline(__always)
    func nanosecondsUntil(endMinute: UInt64) -> UInt64 {
        let end = Int64(clamping: endMinute) * 60_000_000_000
        return end > unixNanoseconds ? UInt64(end - unixNanoseconds) : 0
    }

    /// Above the words of every quota's window that is over, and below those of others.
    var quotaWord: UInt64 {
        UInt64(clamping: unixNanoseconds / 60_000_000_000) << LimitRule.usedBits
            | ((1 << LimitRule.usedBits) - 1)
    }
}
