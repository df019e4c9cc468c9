package import HTTPModel

/// Takes tokens from all buckets of a request or from none, exactly, with all workers at once.
///
/// One value for the whole process. A take first looks at every bucket without writing: the usual refusal
/// costs a few loads and disturbs nobody. If all have a token it locks the buckets, in ascending order of
/// their places, looks again, and either moves every full time or none, and unlocks.
///
/// Why no schedule of threads grants more than burst + rate × time: all changes of a bucket happen under its
/// lock, and a take holds the locks of all its buckets from its last look to its last change (two-phase
/// locking), so the takes of any run have an order in which each sees exactly what those before it left. In
/// that order the argument of `TokenBucket` holds for every bucket, and `BucketTable` sees to it that an
/// eviction does not interrupt it. A refusal changes no full time, so it consumes nothing. A clock reading
/// older than another worker's only makes the take stricter. Guarded by RateLimiterContentionTests.
package final class RateLimiter: Sendable {
    private let table: BucketTable
    private let hashKey: SipHash.Key
    private let counts = AtomicWords(count: 2)
    private static let evictions = 0
    private static let refusalsForRoom = 1

    /// Buckets by default, 16 bytes each, taken from the system as they are used.
    package static let defaultMaximumBuckets = 1_000_000
    /// How often a take begins again because a bucket was evicted between its insertion and its lock: that
    /// needs another worker to fill the set in between, so more than a few in a row mean that there is no
    /// room.
    private static let maximumAttempts = 8

    /// A limiter with room for at least `maximumBuckets`; the key is random, so that clients cannot choose
    /// subjects that meet in the table.
    package init(maximumBuckets: Int = defaultMaximumBuckets, hashKey: SipHash.Key) {
        table = BucketTable(minimumBuckets: maximumBuckets)
        self.hashKey = hashKey
    }

    /// Takes one token from every limit of the plan, or none.
    ///
    /// `now` is the worker's monotonic clock reading; `report` says afterwards what each limit has left.
    /// About 40 ns for each limit; allocates nothing; never blocks beyond another worker's few lines.
    package func take(
        _ plan: LimitPlan, subject: LimitSubject, now: MonotonicInstant, report: inout LimitReport
    ) -> LimitDecision {
        let now = now.nanoseconds
        precondition(now < TokenBucket.maximumInstantNanoseconds, "\(now) ns of uptime")
        for _ in 0..<Self.maximumAttempts {
            report.removeAll()
            var take = Take(now: now)
            if let decision = peek(plan, subject, &take, &report) { return decision }
            if let refusal = insertMissing(plan, &take) { return refusal }
            if let decision = commit(plan, &take, &report) { return decision }
        }
        counts.add(Self.refusalsForRoom, 1)
        return .noRoom(retryAfterNanoseconds: 1_000_000_000)
    }

    /// Buckets in the table, full ones that nobody has needed the place of included. For metrics only.
    package var bucketCount: Int { table.count }
    /// Buckets the table has room for.
    package var bucketCapacity: Int { table.capacity }
    /// Full buckets that made place for others since the start.
    package var evictionCount: UInt64 { counts.load(Self.evictions) }
    /// Requests refused since the start because a table without room could not hold their bucket.
    package var noRoomCount: UInt64 { counts.load(Self.refusalsForRoom) }

    /// The buckets of one take, by the index of their policy. Place 0 is no bucket: not found yet.
    private struct Take: ~Copyable {
        let now: UInt64
        var keys = InlineArray<8, UInt64>(repeating: 0)
        var buckets = InlineArray<8, Int>(repeating: 0)
        var fullAt = InlineArray<8, UInt64>(repeating: 0)
        // Indices of policies in ascending order of their buckets.
        var order = InlineArray<8, Int>(repeating: 0)
    }

    /// Finds the buckets and looks at them; the refusal if one has no token.
    ///
    /// A bucket that is not there is full, and says nothing against the take.
    @inline(__always)
    private func peek(
        _ plan: LimitPlan, _ subject: LimitSubject, _ take: inout Take, _ report: inout LimitReport
    ) -> LimitDecision? {
        let policies = plan.policies
        var longest = Longest()
        for index in policies.indices {
            let key = subject.bucketKey(of: policies[index], hashKey: hashKey)
            take.keys[index] = key
            guard let bucket = table.find(key), let fullAt = table.peek(bucket, key: key) else { continue }
            take.buckets[index] = bucket
            take.fullAt[index] = fullAt
            longest.consider(policies[index].bucket, at: index, fullAt: fullAt, now: take.now)
        }
        return longest.decision(plan, take, &report)
    }

    /// Makes the buckets that were not found; the refusal if there is no room for one.
    @inline(__always)
    private func insertMissing(_ plan: LimitPlan, _ take: inout Take) -> LimitDecision? {
        for index in 0..<plan.policies.count where take.buckets[index] == 0 {
            switch table.insert(take.keys[index], now: take.now, keeping: take.buckets) {
            case .bucket(let bucket, let evicted):
                take.buckets[index] = bucket
                if evicted { counts.add(Self.evictions, 1) }
            case .noRoom(let until):
                counts.add(Self.refusalsForRoom, 1)
                return .noRoom(retryAfterNanoseconds: until > take.now ? until - take.now : 1)
            }
        }
        return nil
    }

    /// Locks all buckets, looks again and changes all or none; `nil` if a bucket was evicted meanwhile.
    @inline(__always)
    private func commit(
        _ plan: LimitPlan, _ take: inout Take, _ report: inout LimitReport
    ) -> LimitDecision? {
        let policies = plan.policies
        let count = policies.count
        sort(&take, count: count)
        guard lock(&take, count: count) else { return nil }
        var longest = Longest()
        for index in 0..<count {
            longest.consider(policies[index].bucket, at: index, fullAt: take.fullAt[index], now: take.now)
        }
        if let refusal = longest.decision(plan, take, &report) {
            unlock(&take, count: count)
            return refusal
        }
        for index in 0..<count {
            let bucket = policies[index].bucket
            let after = max(take.fullAt[index], take.now) + bucket.intervalNanoseconds
            take.fullAt[index] = after
            report.note(bucket, at: index, fullAt: after, now: take.now)
        }
        unlock(&take, count: count)
        return .within
    }

    /// Orders the policies by the places of their buckets: by insertion, since there are eight at most.
    @inline(__always)
    private func sort(_ take: inout Take, count: Int) {
        for index in 0..<count {
            var position = index
            while position > 0, take.buckets[take.order[position - 1]] > take.buckets[index] {
                take.order[position] = take.order[position - 1]
                position -= 1
            }
            take.order[position] = index
        }
    }

    /// Locks the buckets in order; `false`, with none locked, if one is no longer its key's or two are one.
    ///
    /// Two policies whose keys have the same hash (one chance in 2^64) would wait for their own lock: such a
    /// request is refused for want of room.
    @inline(__always)
    private func lock(_ take: inout Take, count: Int) -> Bool {
        for position in 0..<count {
            let index = take.order[position]
            let bucket = take.buckets[index]
            let repeated = position > 0 && take.buckets[take.order[position - 1]] == bucket
            if !repeated {
                take.fullAt[index] = table.lock(bucket)
                if table.key(of: bucket) == take.keys[index] { continue }
                table.unlock(bucket, fullAt: take.fullAt[index])
            }
            unlock(&take, count: position)
            return false
        }
        return true
    }

    /// Unlocks the first `count` buckets in the order, leaving each the full time noted for it.
    @inline(__always)
    private func unlock(_ take: inout Take, count: Int) {
        for position in 0..<count {
            let index = take.order[position]
            table.unlock(take.buckets[index], fullAt: take.fullAt[index])
        }
    }

    /// The exceeded limit with the longest wait: who waits for it has waited for all.
    private struct Longest {
        var policyIndex = -1
        var waitNanoseconds: UInt64 = 0

        @inline(__always)
        mutating func consider(_ bucket: TokenBucket, at index: Int, fullAt: UInt64, now: UInt64) {
            if case .exceeded(let wait) = bucket.outcome(fullAt: fullAt, now: now), wait > waitNanoseconds {
                (policyIndex, waitNanoseconds) = (index, wait)
            }
        }

        /// The refusal, if there is one, with its report. Only a take that ends reports: what a bucket has
        /// left costs a division.
        @inline(__always)
        func decision(
            _ plan: LimitPlan, _ take: borrowing Take, _ report: inout LimitReport
        ) -> LimitDecision? {
            guard policyIndex >= 0 else { return nil }
            for index in plan.policies.indices {
                let bucket = plan.policies[index].bucket
                switch bucket.outcome(fullAt: take.fullAt[index], now: take.now) {
                case .within: report.note(bucket, at: index, fullAt: take.fullAt[index], now: take.now)
                case .exceeded(let wait): report.noteExceeded(at: index, waitNanoseconds: wait)
                }
            }
            return .exceeded(policyIndex: policyIndex, retryAfterNanoseconds: waitNanoseconds)
        }
    }
}
