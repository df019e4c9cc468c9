package import HTTPModel

/// Where quotas are counted: a table of buckets in a file that is mapped into memory.
///
/// A use is counted by one store into the mapping, which is the file's content from then on: a gateway that
/// is killed loses at most the use it was just counting. What a failing machine had not written yet is lost
/// (the kernel writes within half a minute), in favour of the tenants. One gateway has the file at a time;
/// the next one waits until the one before has drained.
package final class QuotaStore: Sendable {
    /// The buckets.
    let table: BucketTable
    /// What their keys are made with; kept in the file, so that they are found again.
    let hashKey: SipHash.Key
    // Held for as long as the table is: keeps other gateways away.
    private let file: LockedFile

    /// `kgwquot1`: what the file begins with.
    private static let magic: UInt64 = 0x3174_6F75_7177_676B
    /// Words before the table: one page.
    private static let headWords = 512
    /// Largest file that is read.
    private static let maximumBytes = 1_073_741_824

    /// Opens the file or makes it, with room for at least `minimumBuckets`. Counts of windows that are over
    /// are left out. `freshKey` is for a new file.
    package init(
        path: String, minimumBuckets: Int, freshKey: SipHash.Key, unixNanoseconds: Int64
    ) throws(QuotaStoreFailure) {
        do throws(AtomicFileFailure) {
            file = try AtomicFile(path: path).lock()
        } catch { throw .file(error) }
        let old = try Self.read(file, path)
        hashKey = old?.hashKey ?? freshKey
        var moment = LimitMoment(MonotonicInstant(nanoseconds: 0), unixNanoseconds: unixNanoseconds)
        moment.windowEndMinute = 0
        let drawn = BucketTable(minimumBuckets: minimumBuckets)
        for (key, word) in old?.buckets ?? [] where word > moment.quotaWord {
            drawn.restore(key, word: word, now: moment.quotaWord)
        }
        var words = [UInt64](repeating: 0, count: Self.headWords)
        words.replaceSubrange(0..<3, with: [Self.magic, hashKey.first, hashKey.second])
        words += drawn.image
        do throws(AtomicFileFailure) {
            // Made whole before it takes the place of the one before.
            try file.replace(with: BucketImage.bytes(words).span)
            table = BucketTable(try file.map(count: words.count), from: Self.headWords)
        } catch { throw .file(error) }
    }

    /// Buckets in the table. For metrics only.
    package var bucketCount: Int { table.count }

    private static func read(
        _ file: borrowing LockedFile, _ path: String
    ) throws(QuotaStoreFailure) -> (hashKey: SipHash.Key, buckets: [(UInt64, UInt64)])? {
        let bytes: [UInt8]
        do throws(AtomicFileFailure) {
            bytes = try file.read(maximumBytes: maximumBytes).bytes
        } catch {
            if error.reason == .missing { return nil }
            throw .file(error)
        }
        guard let words = BucketImage.words(bytes), words.count > headWords, words[0] == magic else {
            throw .foreign(path: path)
        }
        var buckets: [(UInt64, UInt64)] = []
        BucketTable.forEachBucket(in: words[headWords...]) { buckets.append(($0, $1)) }
        return (SipHash.Key(words[1], words[2]), buckets)
    }
}

/// Why quotas cannot be counted.
package enum QuotaStoreFailure: Error, Sendable, CustomStringConvertible {
    /// The file cannot be read, written or locked.
    case file(AtomicFileFailure)
    /// The file holds something else.
    case foreign(path: String)

    /// The reason, as a sentence.
    package var description: String {
        switch self {
        case .file(let failure): "quotas cannot be counted: \(failure)"
        case .foreign(let path):
            "\(path) is not a file of quotas; remove it, or name another in limits.quotas"
        }
    }
}
