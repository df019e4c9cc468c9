package import HTTPModel

/// Takes from all limits of a request or from none, exactly, with all workers at once.
///
/// One value for the whole process; quotas are counted in a table of their own (`QuotaStore`), whose buckets
/// are numbered from `quotaBase` here. A take first looks at every bucket without writing: the usual refusal
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

    /// Takes what a request costs from every limit of the plan, or nothing from any. A limit in shadow takes
    /// part like the others as long as it has room, and refuses nobody when it has none.
    ///
    /// `report` says afterwards what each limit has left. About 40 ns for each limit; allocates nothing;
    /// never blocks beyond another worker's few lines.
    package func take(
        _ charge: LimitCharge, of plan: LimitPlan, by subject: LimitSubject, at moment: LimitMoment,
        report: inout LimitReport
    ) -> LimitDecision {
        precondition(
            moment.nanoseconds < TokenBucket.maximumInstantNanoseconds, "\(moment.nanoseconds) ns of uptime")
        for _ in 0..<Self.maximumAttempts {
            report.removeAll()
            var take = Take(charge, moment)
            if let decision = peek(plan, subject, &take, &report) { return decision }
            if let refusal = insertMissing(plan, &take, &report) { return refusal }
            if commit(plan, &take, &report) { return take.decision }
        }
        counts.add(Self.refusalsForRoom, 1)
        return .noRoom(retryAfterNanoseconds: 1_000_000_000)
    }

    /// Undoes a take whose request was refused after all. `report` is the take's own; `moment` is read from
    /// the clock now, so that no take since can have a later one.
    package func giveBack(
        _ charge: LimitCharge, of plan: LimitPlan, by subject: LimitSubject, at moment: LimitMoment,
        _ report: borrowing LimitReport
    ) {
        for index in plan.policies.indices
        where charge.concerns(plan.policies[index].rule) {
            let left = report.left[index]
            if left == 0 { continue }
            change(index, of: plan, by: subject, at: moment) { rule, word, moment in
                rule.undoing(tokens: charge.tokens, left: left, word: word, at: moment)
            }
        }
    }

    /// Says that a request which counted as under way is over, for the limits whose bits are set in `mask`.
    package func release(_ mask: UInt8, of plan: LimitPlan, by subject: LimitSubject) {
        let moment = LimitMoment(MonotonicInstant(nanoseconds: 0), unixNanoseconds: 0)
        for index in plan.policies.indices where mask & 1 << UInt8(index) != 0 {
            let isFound = change(index, of: plan, by: subject, at: moment) { rule, word, moment in
                rule.undoing(tokens: 1, left: word, word: word, at: moment)
            }
            precondition(isFound, "a request ends that was not counted")
        }
    }

    /// Changes one bucket under its lock; `false` if it is not there, since a full one may have been evicted.
    @discardableResult
    private func change(
        _ index: Int, of plan: LimitPlan, by subject: LimitSubject, at moment: LimitMoment,
        _ change: (LimitRule, UInt64, LimitMoment) -> UInt64
    ) -> Bool {
        var moment = moment
        let key = key(index, of: plan, by: subject, &moment)
        guard let bucket = find(key, index, plan) else { return false }
        let word = lock(bucket, plan)
        guard self.key(of: bucket, plan) == key else {
            unlock(bucket, word, plan)
            return false
        }
        unlock(bucket, change(plan.policies[index].rule, word, moment), plan)
        return true
    }

    /// Buckets in the table, full ones that nobody has needed the place of included. For metrics only.
    package var bucketCount: Int { table.count }
    /// Buckets the table has room for.
    package var bucketCapacity: Int { table.capacity }
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

    /// The buckets of one take, by the index of their policy. Place 0 is no bucket: not found yet.
    private struct Take: ~Copyable {
        let charge: LimitCharge
        let moment: LimitMoment
        var decision = LimitDecision.within
        var keys = InlineArray<8, UInt64>(repeating: 0)
        var buckets = InlineArray<8, Int>(repeating: 0)
        var words = InlineArray<8, UInt64>(repeating: 0)
        // The minutes that quotas' windows end in.
        var windows = InlineArray<8, UInt64>(repeating: 0)
        // Indices of the policies that are taken from, in ascending order of their buckets.
        var order = InlineArray<8, Int>(repeating: 0)
        var orderCount = 0

        init(_ charge: LimitCharge, _ moment: LimitMoment) {
            self.charge = charge
            self.moment = moment
        }

        /// The moment as a policy sees it.
        @inline(__always)
        func moment(_ index: Int) -> LimitMoment {
            var moment = moment
            moment.windowEndMinute = windows[index]
            return moment
        }
    }

    /// Finds the buckets and looks at them; the refusal if one has no room, and `within` if nothing is taken.
    ///
    /// A bucket that is not there is full.
    @inline(__always)
    private func peek(
        _ plan: LimitPlan, _ subject: LimitSubject, _ take: inout Take, _ report: inout LimitReport
    ) -> LimitDecision? {
        let policies = plan.policies
        var takes = false
        for index in policies.indices {
            var moment = take.moment
            let key = key(index, of: plan, by: subject, &moment)
            take.windows[index] = moment.windowEndMinute
            take.keys[index] = key
            if take.charge.concerns(policies[index].rule) { takes = true }
            guard let bucket = find(key, index, plan), let word = peek(bucket, key, plan) else { continue }
            take.buckets[index] = bucket
            take.words[index] = word
        }
        if isRefused(plan, &take, &report) { return take.decision }
        if takes { return nil }
        for index in policies.indices { note(index, plan, take, &report) }
        return .within
    }

    /// Makes the buckets that were not found; the refusal if there is no room for one.
    @inline(__always)
    private func insertMissing(
        _ plan: LimitPlan, _ take: inout Take, _ report: inout LimitReport
    ) -> LimitDecision? {
        let policies = plan.policies
        for index in policies.indices where take.charge.concerns(policies[index].rule) {
            if take.buckets[index] == 0 {
                switch insert(take, index, plan) {
                case .bucket(let bucket, let evicted):
                    take.buckets[index] = bucket
                    if evicted { counts.add(Self.evictions, 1) }
                case .noRoom(let wait):
                    // A limit that holds nobody is not counted where there is no room.
                    if policies[index].isShadow {
                        report.left[index] = 0
                        continue
                    }
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
    private func commit(_ plan: LimitPlan, _ take: inout Take, _ report: inout LimitReport) -> Bool {
        let policies = plan.policies
        guard lock(&take, plan) else { return false }
        if !isRefused(plan, &take, &report) {
            for position in 0..<take.orderCount {
                let index = take.order[position]
                let rule = policies[index].rule
                switch rule.outcome(
                    word: take.words[index], tokens: take.charge.tokens, at: take.moment(index))
                {
                case .within(let word):
                    take.words[index] = word
                    report.left[index] = word
                    if case .concurrent = rule { report.underWay |= 1 << UInt8(index) }
                // Only a limit in shadow gets here.
                case .exceeded:
                    report.left[index] = 0
                    report.exceeded |= 1 << UInt8(index)
                }
            }
            for index in policies.indices { note(index, plan, take, &report) }
        }
        unlock(take, count: take.orderCount, plan)
        return true
    }

    /// Whether a limit that is enforced has no room; then the decision names the one with the longest wait:
    /// who waits for it has waited for all. Only a take that ends reports, since what a bucket has left costs
    /// a division.
    @inline(__always)
    private func isRefused(_ plan: LimitPlan, _ take: inout Take, _ report: inout LimitReport) -> Bool {
        let policies = plan.policies
        var (longest, wait): (Int, UInt64) = (-1, 0)
        for index in policies.indices
        where take.charge.concerns(policies[index].rule) && !policies[index].isShadow {
            if case .exceeded(let nanoseconds) = outcome(index, plan, take), nanoseconds > wait {
                (longest, wait) = (index, nanoseconds)
            }
        }
        if longest < 0 { return false }
        for index in policies.indices {
            if take.charge.concerns(policies[index].rule),
                case .exceeded(let wait) = outcome(index, plan, take)
            {
                report.noteExceeded(
                    policies[index].rule, at: index, word: take.words[index], take.moment(index),
                    waitNanoseconds: wait)
            } else {
                note(index, plan, take, &report)
            }
        }
        take.decision = .exceeded(policyIndex: longest, retryAfterNanoseconds: wait)
        return true
    }

    @inline(__always)
    private func outcome(_ index: Int, _ plan: LimitPlan, _ take: borrowing Take) -> LimitRule.Outcome {
        plan.policies[index].rule.outcome(
            word: take.words[index], tokens: take.charge.tokens, at: take.moment(index))
    }

    @inline(__always)
    private func note(
        _ index: Int, _ plan: LimitPlan, _ take: borrowing Take, _ report: inout LimitReport
    ) {
        report.note(plan.policies[index].rule, at: index, word: take.words[index], take.moment(index))
    }

    /// Puts a policy into the order of places: by insertion, since there are eight at most.
    @inline(__always)
    private func insertIntoOrder(_ index: Int, _ take: inout Take) {
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
    private func lock(_ take: inout Take, _ plan: LimitPlan) -> Bool {
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
    private func unlock(_ take: borrowing Take, count: Int, _ plan: LimitPlan) {
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

    private func insert(_ take: borrowing Take, _ index: Int, _ plan: LimitPlan) -> Insertion {
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
