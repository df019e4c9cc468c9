/// Where the buckets are: a bounded hash table of atomic words, shared by all workers.
///
/// A bucket is two words, its key and its full time, 16 bytes; the full time's top bit is the bucket's lock.
/// The table is divided into sets of 63 buckets; a key belongs to one set and is looked for from its own
/// place onwards, round the set, up to the first empty place. Sets that no key belongs to cost no memory.
///
/// Rules that keep it exact:
/// - A full time is changed only by whoever holds the bucket's lock, and a key only by whoever holds the lock
///   of its bucket and the gate of its set. Whoever locks a bucket looks at its key again: if it is still the
///   one he came for, it stays so until he unlocks.
/// - A place never becomes empty again, so a search that ends at an empty place has missed nothing; the gate
///   makes search and insertion one step, so no key is there twice.
/// - Only a bucket that is full may be evicted, and a new one begins with the latest full time ever evicted
///   from its set. Full times of a key therefore never go back, not even across an eviction that a worker
///   with an older clock reading did not see: eviction grants nothing.
struct BucketTable: ~Copyable, Sendable {
    // Set by set, 64 pairs of words each: first the gate (with the latest full time evicted) and the number
    // of places used, then 63 times key and full time.
    private let words: AtomicWords
    // Where the first set begins: a mapped file has its own head before it.
    private let firstWord: Int
    private let setCount: Int
    private static let placesPerSet = 63
    private static let wordsPerSet = 128

    /// Buckets the table has room for.
    var capacity: Int { setCount * Self.placesPerSet }

    /// A table for at least `minimumBuckets`, rounded up to a power of two of sets.
    init(minimumBuckets: Int) {
        precondition(minimumBuckets > 0 && minimumBuckets <= 1 << 30, "a table for \(minimumBuckets) buckets")
        setCount = Self.sets(for: minimumBuckets)
        firstWord = 0
        words = AtomicWords(count: setCount * Self.wordsPerSet)
    }

    /// The table that stands in given words from `firstWord` to their end. Whoever was stopped in the middle
    /// of a take left locks behind; nobody else has them now.
    init(_ words: consuming AtomicWords, from firstWord: Int) {
        setCount = (words.count - firstWord) / Self.wordsPerSet
        precondition(
            setCount > 0 && setCount & (setCount - 1) == 0
                && words.count == firstWord + setCount * Self.wordsPerSet,
            "\(words.count) words are no table behind \(firstWord)")
        for set in 0..<setCount {
            let base = firstWord + set * Self.wordsPerSet
            words.store(base, words.load(base) & ~AtomicWords.lockBit)
            for place in 1...Self.placesPerSet {
                let word = base + place * 2 + 1
                words.store(word, words.load(word) & ~AtomicWords.lockBit)
            }
        }
        self.firstWord = firstWord
        self.words = words
    }

    private static func sets(for minimumBuckets: Int) -> Int {
        var sets = 1
        while sets * placesPerSet < minimumBuckets { sets *= 2 }
        return sets
    }

    /// The table as numbers, for a file. While nobody takes.
    var image: [UInt64] { (firstWord..<words.count).map { words.load($0) } }

    /// Calls `body` with every key and its word: what there is while nobody takes, and about what there is
    /// otherwise.
    func forEach(_ body: (_ key: UInt64, _ word: UInt64) -> Void) {
        for set in 0..<setCount {
            for place in 1...Self.placesPerSet {
                let bucket = firstWord + set * Self.wordsPerSet + place * 2
                let key = words.loadPublished(bucket)
                if key != 0 { body(key, words.load(bucket + 1) & ~AtomicWords.lockBit) }
            }
        }
    }

    /// The same for an image of a table.
    static func forEachBucket(in image: ArraySlice<UInt64>, _ body: (_ key: UInt64, _ word: UInt64) -> Void) {
        let words = Array(image)
        for set in 0..<(words.count / wordsPerSet) {
            for place in 1...placesPerSet {
                let bucket = set * wordsPerSet + place * 2
                if words[bucket] != 0 { body(words[bucket], words[bucket + 1] & ~AtomicWords.lockBit) }
            }
        }
    }

    /// Puts a bucket back that was there before a restart; not if there is no room, which is in favour of
    /// whoever it is kept for.
    func restore(_ key: UInt64, word: UInt64, now: UInt64) {
        let none = InlineArray<8, Int>(repeating: 0)
        guard case .bucket(let bucket, _) = insert(key, now: now, keeping: none) else { return }
        unlock(bucket, fullAt: max(lock(bucket), word))
    }

    /// What an insertion found.
    enum Insertion {
        /// The bucket is there; whether it stays is known only once it is locked.
        case bucket(Int, evicted: Bool)
        /// Every place of the set holds a bucket that is not full; the first of them is full at this instant.
        case noRoom(untilNanoseconds: UInt64)
    }

    /// The bucket of a key, if it is there; never 0.
    @inline(__always)
    func find(_ key: UInt64) -> Int? {
        let base = base(key)
        var place = firstPlace(key)
        for _ in 0..<Self.placesPerSet {
            let bucket = base + place * 2
            let held = words.loadPublished(bucket)
            if held == key { return bucket }
            if held == 0 { return nil }
            place = Self.next(place)
        }
        return nil
    }

    /// The full time of a bucket without locking it; `nil` if it is no longer the key's.
    ///
    /// The key is looked at again afterwards: a full time that was published with another key brings that key
    /// into view.
    @inline(__always)
    func peek(_ bucket: Int, key: UInt64) -> UInt64? {
        let fullAt = words.loadPublished(bucket + 1) & ~AtomicWords.lockBit
        return words.load(bucket) == key ? fullAt : nil
    }

    /// Finds the bucket of a key or makes it, evicting a full one if it comes before an empty place.
    ///
    /// The buckets in `keeping` stay: a take must not evict with one of its buckets another of them. They are
    /// counted from `origin`.
    func insert(
        _ key: UInt64, now: UInt64, keeping: borrowing InlineArray<8, Int>, from origin: Int = 0
    ) -> Insertion {
        let base = base(key)
        var latestEvicted = words.lock(base)
        defer { words.unlock(base, leaving: latestEvicted) }
        if let bucket = find(key) { return .bucket(bucket, evicted: false) }

        var earliest = UInt64.max
        var place = firstPlace(key)
        for _ in 0..<Self.placesPerSet {
            let bucket = base + place * 2
            if words.load(bucket) == 0 {
                words.store(bucket + 1, latestEvicted)
                words.publish(bucket, key)
                words.store(base + 1, words.load(base + 1) + 1)
                return .bucket(bucket, evicted: false)
            }
            let fullAt = words.load(bucket + 1) & ~AtomicWords.lockBit
            if fullAt <= now, !Self.isKept(origin + bucket, keeping), let locked = words.tryLock(bucket + 1) {
                if locked <= now {
                    latestEvicted = max(latestEvicted, locked)
                    words.store(bucket, key)
                    words.unlock(bucket + 1, leaving: latestEvicted)
                    return .bucket(bucket, evicted: true)
                }
                words.unlock(bucket + 1, leaving: locked)
            }
            earliest = min(earliest, fullAt)
            place = Self.next(place)
        }
        return .noRoom(untilNanoseconds: earliest)
    }

    private static func isKept(_ bucket: Int, _ keeping: borrowing InlineArray<8, Int>) -> Bool {
        for index in keeping.indices where keeping[index] == bucket { return true }
        return false
    }

    /// Locks a bucket and gives its full time. Whoever locks several does so in ascending order.
    @inline(__always)
    func lock(_ bucket: Int) -> UInt64 { words.lock(bucket + 1) }

    /// The key of a bucket; constant while it is locked.
    @inline(__always)
    func key(of bucket: Int) -> UInt64 { words.load(bucket) }

    /// Unlocks a bucket and leaves it full at the given instant.
    @inline(__always)
    func unlock(_ bucket: Int, fullAt: UInt64) { words.unlock(bucket + 1, leaving: fullAt) }

    /// Places in use. Looks at every set: for metrics only.
    var count: Int {
        var sum = 0
        for set in 0..<setCount { sum += Int(words.load(firstWord + set * Self.wordsPerSet + 1)) }
        return sum
    }

    @inline(__always)
    private func base(_ key: UInt64) -> Int {
        firstWord + Int(key & UInt64(setCount - 1)) * Self.wordsPerSet
    }

    /// A place 1 ... 63 from the key's upper half, which has no part in the choice of the set.
    @inline(__always)
    private func firstPlace(_ key: UInt64) -> Int {
        1 + Int(((key >> 32) * UInt64(Self.placesPerSet)) >> 32)
    }

    @inline(__always)
    private static func next(_ place: Int) -> Int { place == placesPerSet ? 1 : place + 1 }
}
