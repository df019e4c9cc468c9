package import HTTPModel

/// The buckets that were not full when the gateway stopped, so that the next one goes on where it was.
///
/// A bucket's key says what it is kept by and under which policy, so a policy that has changed finds nothing
/// of it again. Times are told by the wall clock, since the monotonic one begins anew with the machine; a
/// wall clock that was set back makes nobody wait longer than when the gateway stopped.
package struct BucketSnapshot: Sendable, Hashable {
    /// One bucket.
    package struct Bucket: Sendable, Hashable {
        /// What names it, under the snapshot's hash key.
        let key: UInt64
        /// How long it takes to fill up, from when the snapshot was made.
        let nanosecondsUntilFull: UInt64
    }

    /// What the limiter's keys are made with.
    package let hashKey: SipHash.Key
    /// When it was made, in nanoseconds since 1970.
    let unixNanoseconds: Int64
    /// The buckets.
    package let buckets: [Bucket]

    /// `kgwbuck1`: what the file begins with.
    private static let magic: UInt64 = 0x316B_6375_6277_676B
    private static let headWords = 5
    /// Largest file that is read: four million buckets.
    package static let maximumBytes = 67_108_864

    init(hashKey: SipHash.Key, unixNanoseconds: Int64, buckets: [Bucket]) {
        self.hashKey = hashKey
        self.unixNanoseconds = unixNanoseconds
        self.buckets = buckets
    }

    /// Reads a file's content; `nil` if it is not a whole one.
    package init?(_ bytes: [UInt8]) {
        guard let words = BucketImage.words(bytes), words.count > Self.headWords, words[0] == Self.magic,
            words[4] == UInt64(words.count - Self.headWords - 1) / 2,
            words.count.isMultiple(of: 2), Self.checksum(words.dropLast()) == words.last
        else { return nil }
        hashKey = SipHash.Key(words[1], words[2])
        unixNanoseconds = Int64(bitPattern: words[3])
        buckets = (0..<Int(words[4])).map { index in
            let place = Self.headWords + index * 2
            return Bucket(
                key: words[place],
                nanosecondsUntilFull: min(words[place + 1], TokenBucket.maximumCapacityNanoseconds))
        }
    }

    /// The content of its file. The newest buckets of more than fit are left out: what is forgotten is
    /// forgotten in favour of whoever it was kept for.
    package var bytes: [UInt8] {
        let kept = buckets.prefix(Self.maximumBytes / 16 - Self.headWords)
        var words = [
            Self.magic, hashKey.first, hashKey.second, UInt64(bitPattern: unixNanoseconds),
            UInt64(kept.count),
        ]
        for bucket in kept { words += [bucket.key, bucket.nanosecondsUntilFull] }
        words.append(Self.checksum(words[...]))
        return BucketImage.bytes(words)
    }

    /// How long a bucket takes to fill up from a later moment.
    func nanosecondsUntilFull(_ bucket: Bucket, at moment: LimitMoment) -> UInt64 {
        let passed = UInt64(max(0, moment.unixNanoseconds - unixNanoseconds))
        return bucket.nanosecondsUntilFull > passed ? bucket.nanosecondsUntilFull - passed : 0
    }

    private static func checksum(_ words: ArraySlice<UInt64>) -> UInt64 {
        var hash = SipHash(key: SipHash.Key(magic, UInt64(words.count)))
        for word in words { hash.absorb(word, rounds: 1) }
        return hash.finish(rounds: 3)
    }
}
