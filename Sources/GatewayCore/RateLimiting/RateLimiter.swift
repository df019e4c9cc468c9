package import HTTPModel

/// Takes from all limits of a request or from none, exactly, with all workers at once.
///
/// A request is looked at before it is known what it costs (a hit in the cache, or a question to the
/// upstream), and pays once, when that is known and nothing else refuses it: so a refused request never has
/// anything to get back (docs/decisions/0013).
///
/// One value for the whole process; quotas are counted in a table of their own (`QuotaStore`), whose
/// buckets are numbered from `quotaBase` here. A look loads every bucket without writing: the usual refusal
/// costs a few loads and disturbs nobody. A take locks the buckets, in ascending order of their places,
/// looks again, and either moves every full time or none, and unlocks.
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
    package static let defaultMaximumBuckets = LimitsConfiguration.defaultBucketCount
    /// How often a take begins again because a bucket was evicted between its insertion and its lock: that
    /// needs another worker to fill the set in between, so more than a few in a row mean that there is no
    /// room.
    private static let maximumAttempts = 8
    /// Where the numbers of quotas' buckets begin: above those of the other table.
    private static let quotaBase = 1 << 40
    /// Longest wait that is named for want of room.
    private static let longestWaitForRoom: UInt64 = 60_000_000_000

    /// A limiter with room for at least `maximumBuckets`; the key is random, so that clients cannot choose
    /// subjects that meet in the table.
    package init(maximumBuckets: Int = defaultMaximumBuckets, hashKey: SipHash.Key) {
        table = BucketTable(minimumBuckets: maximumBuckets)
        self.hashKey = hashKey
    }

    /// Looks whether every limit of the plan has room for a charge, without writing: the usual refusal,
    /// which disturbs nobody. `within` promises nothing: that only `take` can say, after which the request
    /// has paid.
    ///
    /// `take.report` says of a refusal what each limit has left. What was found is in `take` for the `take`
    /// that follows, with a charge that may be greater.
    package func look(
        _ charge: LimitCharge, of plan: LimitPlan, by subject: LimitSubject, at moment: LimitMoment,
        _ take: inout LimitTake
    ) -> LimitDecision {
        precondition(
            moment.nanoseconds < TokenBucket.maximumInstantNanoseconds, "\(moment.nanoseconds) ns of uptime")
        take.begin(subject, moment)
        find(plan, &take)
        if isRefused(charge, plan, take) { refuse(charge, plan, &take) }
        return take.decision
    }

    /// Takes what a request costs from every limit of the plan, or nothing from any. A limit in shadow takes
    /// part like the others as long as it has room, and refuses nobody when it has none.
    ///
    /// `take` is what the last `look` has left, whose plan this is. `take.report` says afterwards what each
    /// limit has left. About 40 ns for each limit with its look; allocates nothing; never blocks beyond
    /// another worker's few lines.
    package func take(
        _ charge: LimitCharge, of plan: LimitPlan, _ take: inout LimitTake
    ) -> LimitDecision {
        for attempt in 0..<Self.maximumAttempts {
            if attempt > 0 {
                take.begin(take.subject, take.moment)
                find(plan, &take)
            }
            if let refusal = insertMissing(charge, plan, &take) { return refusal }
            if commit(charge, plan, &take) { return take.decision }
        }
        counts.add(Self.refusalsForRoom, 1)
        return .noRoom(retryAfterNanoseconds: 1_000_000_000)
    }

    /// Says that a request which counted as under way is over, for the limits whose bits are set in `mask`.
    package func release(_ mask: UInt8, of plan: LimitPlan, by subject: LimitSubject) {
        for index in plan.policies.indices where mask & 1 << UInt8(index) != 0 {
            let key = subject.bucketKey(of: plan.policies[index], hashKey: hashKey)
            // A bucket in use is never evicted, so it is there and stays the key's.
            guard let bucket = table.find(key) else {
                preconditionFailure("a request ends that was not counted")
            }
            let word = table.lock(bucket)
            precondition(table.key(of: bucket) == key, "the bucket of a request under way was evicted")
            table.unlock(bucket, fullAt: LimitRule.ended(word: word))
        }
    }

    /// Buckets in the table, full ones that nobody has needed the place of included. For metrics only.
    package var bucketCount: Int { table.count }
    /// Full buckets that made place for others since the start.
    package var evictionCount: UInt64 { counts.load(Self.evictions) }
    /// Requests refused since the start because a table without room could not hold their bucket.
    package var noRoomCount: UInt64 { counts.load(Self.refusalsForRoom) }

    /// What of the buckets a restart must not forget. While no worker takes.
    package func snapshot(at moment: LimitMoment) -> BucketSnapshot {
        var buckets: [BucketSnapshot.Bucket] = []
        table.forEach { key, fullAt in
            // Nobody's request is under way any more, and a full bucket is as good as none.
            guard fullAt & LimitRule.underWayBit == 0, fullAt > moment.nanoseconds else { return }
            buckets.append(
                BucketSnapshot.Bucket(key: key, nanosecondsUntilFull: fullAt - moment.nanoseconds))
        }
        return BucketSnapshot(hashKey: hashKey, unixNanoseconds: moment.unixNanoseconds, buckets: buckets)
    }

    /// Takes up what a snapshot holds, which must be of this limiter's key. Before any worker takes.
    package func restore(_ snapshot: BucketSnapshot, at moment: LimitMoment) {
        precondition(snapshot.hashKey == hashKey, "the snapshot's buckets have other keys")
        for bucket in snapshot.buckets {
            let missing = snapshot.nanosecondsUntilFull(bucket, at: moment)
            guard missing > 0 else { continue }
            table.restore(bucket.key, word: moment.nanoseconds + missing, now: moment.nanoseconds)
        }
    }

    /// Finds the buckets and looks at them. A bucket that is not there is full.
    @inline(__always)
    private func find(_ plan: LimitPlan, _ take: inout LimitTake) {
        for index in plan.policies.indices {
            var moment = take.moment
            let key = key(index, of: plan, by: take.subject, &moment)
            take.windows[index] = moment.windowEndMinute
            take.keys[index] = key
            guard let bucket = find(key, index, plan), let word = peek(bucket, key, plan) else { continue }
            take.buckets[index] = bucket
            take.words[index] = word
        }
    }

    /// Makes the buckets that were not found; the refusal if there is no room for one.
    @inline(__always)
    private func insertMissing(
        _ charge: LimitCharge, _ plan: LimitPlan, _ take: inout LimitTake
    ) -> LimitDecision? {
        let policies = plan.policies
        for index in policies.indices where charge.concerns(policies[index].rule) {
            if take.buckets[index] == 0 {
                switch insert(take, index, plan) {
                case .bucket(let bucket, let evicted):
                    take.buckets[index] = bucket
                    if evicted { counts.add(Self.evictions, 1) }
                case .noRoom(let wait):
                    // A limit that holds nobody is not counted where there is no room.
                    if policies[index].isShadow { continue }
                    counts.add(Self.refusalsForRoom, 1)
                    return .noRoom(retryAfterNanoseconds: wait)
                }
            }
            insertIntoOrder(index, &take)
        }
        return nil
    }

    /// Locks all buckets, looks again and changes all or none; `false` if a bucket was evicted meanwhile.
    @inline(__always)
    private func commit(
        _ charge: LimitCharge, _ plan: LimitPlan, _ take: inout LimitTake
    ) -> Bool {
        let policies = plan.policies
        guard lock(&take, plan) else { return false }
        var after = take.words
        for position in 0..<take.orderCount {
            let index = take.order[position]
            if case .within(let word) = outcome(charge, index, plan, take) {
                after[index] = word
                if case .concurrent = policies[index].rule { take.report.underWay |= 1 << UInt8(index) }
            } else if policies[index].isShadow {
                take.report.exceeded |= 1 << UInt8(index)
            } else {
                refuse(charge, plan, &take)
                unlock(take, count: take.orderCount, plan)
                return true
            }
        }
        take.words = after
        unlock(take, count: take.orderCount, plan)
        // What is left is worked out when nobody waits for it any more.
        for index in policies.indices { note(index, plan, &take) }
        return true
    }

    /// Whether a limit that is enforced has no room.
    @inline(__always)
    private func isRefused(
        _ charge: LimitCharge, _ plan: LimitPlan, _ take: borrowing LimitTake
    ) -> Bool {
        let policies = plan.policies
        for index in policies.indices
        where charge.concerns(policies[index].rule) && !policies[index].isShadow {
            if case .exceeded = outcome(charge, index, plan, take) { return true }
        }
        return false
    }

    /// Refuses for the limit with the longest wait: who waits for it has waited for all. Only a take that
    /// ends reports, since what a bucket has left costs a division.
    private func refuse(_ charge: LimitCharge, _ plan: LimitPlan, _ take: inout LimitTake) {
        let policies = plan.policies
        take.report.removeAll()
        var (longest, longestWait): (Int, UInt64) = (-1, 0)
        for index in policies.indices {
            guard charge.concerns(policies[index].rule),
                case .exceeded(let wait) = outcome(charge, index, plan, take)
            else {
                note(index, plan, &take)
                continue
            }
            take.report.noteExceeded(
                policies[index].rule, at: index, word: take.words[index], take.moment(index),
                waitNanoseconds: wait)
            if !policies[index].isShadow, wait > longestWait { (longest, longestWait) = (index, wait) }
        }
        precondition(longest >= 0, "a request is refused by no limit")
        take.decision = .exceeded(policyIndex: longest, retryAfterNanoseconds: longestWait)
    }

    @inline(__always)
    private func outcome(
        _ charge: LimitCharge, _ index: Int, _ plan: LimitPlan, _ take: borrowing LimitTake
    ) -> LimitRule.Outcome {
        plan.policies[index].rule.outcome(
            word: take.words[index], tokens: charge.tokens, at: take.moment(index))
    }

    @inline(__always)
    private func note(
        _ index: Int, _ plan: LimitPlan, _ take: inout LimitTake
    ) {
        take.report.note(plan.policies[index].rule, at: index, word: take.words[index], take.moment(index))
    }

    /// Puts a policy into the order of places: by insertion, since there are eight at most.
    @inline(__always)
    private func insertIntoOrder(_ index: Int, _ take: inout LimitTake) {
        var position = take.orderCount
        while position > 0, take.buckets[take.order[position - 1]] > take.buckets[index] {
            take.order[position] = take.order[position - 1]
            position -= 1
        }
        take.order[position] = index
        take.orderCount += 1
    }

    /// Locks the buckets in order; `false`, with none locked, if one is no longer its key's or two are one.
    ///
    /// Two policies whose keys have the same hash (one chance in 2^64) would wait for their own lock: such a
    /// request is refused for want of room.
    @inline(__always)
    private func lock(_ take: inout LimitTake, _ plan: LimitPlan) -> Bool {
        for position in 0..<take.orderCount {
            let index = take.order[position]
            let bucket = take.buckets[index]
            let repeated = position > 0 && take.buckets[take.order[position - 1]] == bucket
            if !repeated {
                take.words[index] = lock(bucket, plan)
                if key(of: bucket, plan) == take.keys[index] { continue }
                unlock(bucket, take.words[index], plan)
            }
            unlock(take, count: position, plan)
            return false
        }
        return true
    }

    /// Unlocks the first `count` buckets in the order, leaving each the word noted for it.
    @inline(__always)
    private func unlock(_ take: borrowing LimitTake, count: Int, _ plan: LimitPlan) {
        for position in 0..<count {
            let index = take.order[position]
            unlock(take.buckets[index], take.words[index], plan)
        }
    }
}

/// Which table a bucket is in.
extension RateLimiter {
    @inline(__always)
    private func key(
        _ index: Int, of plan: LimitPlan, by subject: LimitSubject, _ moment: inout LimitMoment
    ) -> UInt64 {
        guard case .quota = plan.policies[index].rule else {
            return subject.bucketKey(of: plan.policies[index], hashKey: hashKey)
        }
        moment.windowEndMinute =
            plan.policies[index].calendar?.windowEndMinute(unixNanoseconds: moment.unixNanoseconds) ?? 0
        return subject.bucketKey(of: plan.policies[index], hashKey: quotas(plan).hashKey)
    }

    private func quotas(_ plan: LimitPlan) -> QuotaStore {
        guard let quotas = plan.quotas else { preconditionFailure("a quota is counted nowhere") }
        return quotas
    }

    @inline(__always)
    private func find(_ key: UInt64, _ index: Int, _ plan: LimitPlan) -> Int? {
        if case .quota = plan.policies[index].rule {
            return quotas(plan).table.find(key).map { $0 + Self.quotaBase }
        }
        return table.find(key)
    }

    @inline(__always)
    private func peek(_ bucket: Int, _ key: UInt64, _ plan: LimitPlan) -> UInt64? {
        bucket < Self.quotaBase
            ? table.peek(bucket, key: key) : quotas(plan).table.peek(bucket - Self.quotaBase, key: key)
    }

    /// What an insertion found; the bucket numbered as here, the wait in nanoseconds from now.
    private enum Insertion {
        case bucket(Int, evicted: Bool)
        case noRoom(waitNanoseconds: UInt64)
    }

    private func insert(_ take: borrowing LimitTake, _ index: Int, _ plan: LimitPlan) -> Insertion {
        let (key, now) = (take.keys[index], take.moment.nanoseconds)
        if case .quota = plan.policies[index].rule {
            switch quotas(plan).table.insert(
                key, now: take.moment.quotaWord, keeping: take.buckets, from: Self.quotaBase)
            {
            case .bucket(let bucket, let evicted): return .bucket(bucket + Self.quotaBase, evicted: evicted)
            case .noRoom: return .noRoom(waitNanoseconds: Self.longestWaitForRoom)
            }
        }
        switch table.insert(key, now: now, keeping: take.buckets) {
        case .bucket(let bucket, let evicted): return .bucket(bucket, evicted: evicted)
        case .noRoom(let until):
            return .noRoom(waitNanoseconds: min(Self.longestWaitForRoom, until > now ? until - now : 1))
        }
    }

    @inline(__always)
    private func lock(_ bucket: Int, _ plan: LimitPlan) -> UInt64 {
        bucket < Self.quotaBase ? table.lock(bucket) : quotas(plan).table.lock(bucket - Self.quotaBase)
    }

    @inline(__always)
    private func key(of bucket: Int, _ plan: LimitPlan) -> UInt64 {
        bucket < Self.quotaBase
            ? table.key(of: bucket) : quotas(plan).table.key(of: bucket - Self.quotaBase)
    }

    @inline(__always)
    private func unlock(_ bucket: Int, _ word: UInt64, _ plan: LimitPlan) {
        if bucket < Self.quotaBase {
            table.unlock(bucket, fullAt: word)
        } else {
            quotas(plan).table.unlock(bucket - Self.quotaBase, fullAt: word)
        }
    }
}
