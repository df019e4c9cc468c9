import Testing

@testable import GatewayCore

struct BucketTableTests {
    /// A table of one set: every key belongs to it.
    private static let oneSet = 63
    private static let nothing = InlineArray<8, Int>(repeating: 0)

    private func fill(_ table: borrowing BucketTable, fullAt: UInt64) {
        for key in 1...UInt64(Self.oneSet) {
            guard case .bucket(let bucket, _) = table.insert(key << 32 | key, now: 0, keeping: Self.nothing)
            else { continue }
            _ = table.lock(bucket)
            table.unlock(bucket, fullAt: fullAt)
        }
    }

    @Test func aKeyIsFoundWhereItWasInserted() {
        let table = BucketTable(minimumBuckets: 1_000)
        var inserted: [UInt64: Int] = [:]
        for number in 1...500 as ClosedRange<UInt64> {
            let key = number &* 0x9E37_79B9_7F4A_7C15
            guard case .bucket(let bucket, _) = table.insert(key, now: 0, keeping: Self.nothing) else {
                continue
            }
            inserted[key] = bucket
            _ = table.lock(bucket)
            table.unlock(bucket, fullAt: 100)
        }

        for (key, bucket) in inserted {
            let found = table.find(key)
            #expect(found == bucket)
        }
        let count = table.count
        #expect(count == 500)
        #expect(Set(inserted.values).count == 500)
    }

    @Test func insertingAgainFindsTheSameBucket() {
        let table = BucketTable(minimumBuckets: 1)
        guard case .bucket(let first, _) = table.insert(77, now: 0, keeping: Self.nothing),
            case .bucket(let second, let evicted) = table.insert(77, now: 0, keeping: Self.nothing)
        else {
            Issue.record("no room in an empty table")
            return
        }

        #expect(first == second)
        #expect(!evicted)
    }

    @Test func aSetOfBucketsThatAreNotFullHasNoRoomUntilTheFirstOfThemIs() {
        let table = BucketTable(minimumBuckets: Self.oneSet)
        fill(table, fullAt: 500)

        guard case .noRoom(let until) = table.insert(9_999, now: 499, keeping: Self.nothing) else {
            Issue.record("a bucket that is not full was evicted")
            return
        }

        #expect(until == 500)
    }

    @Test func aFullBucketMakesRoomAndLeavesItsFullTime() {
        let table = BucketTable(minimumBuckets: Self.oneSet)
        fill(table, fullAt: 500)

        guard case .bucket(let bucket, let evicted) = table.insert(9_999, now: 500, keeping: Self.nothing)
        else {
            Issue.record("a full bucket was kept")
            return
        }

        let fullAt = table.peek(bucket, key: 9_999)
        #expect(evicted)
        #expect(fullAt == 500)
    }

    @Test func aLockedBucketIsNeverEvicted() {
        let table = BucketTable(minimumBuckets: Self.oneSet)
        fill(table, fullAt: 500)
        var locked: [Int] = []
        for key in 1...UInt64(Self.oneSet) {
            guard let bucket = table.find(key << 32 | key) else { continue }
            _ = table.lock(bucket)
            locked.append(bucket)
        }

        let insertion = table.insert(9_999, now: 1_000, keeping: Self.nothing)

        guard case .noRoom = insertion else {
            Issue.record("a locked bucket was evicted")
            return
        }
        for bucket in locked { table.unlock(bucket, fullAt: 500) }
    }

    @Test func aBucketThatChangedHandsIsNotMistaken() {
        let table = BucketTable(minimumBuckets: Self.oneSet)
        fill(table, fullAt: 500)
        let before = (1...UInt64(Self.oneSet)).compactMap { table.find($0 << 32 | $0) }

        guard case .bucket(let bucket, _) = table.insert(9_999, now: 500, keeping: Self.nothing) else {
            Issue.record("a full bucket was kept")
            return
        }

        #expect(before.contains(bucket))
        let peeked = (1...UInt64(Self.oneSet)).map { table.peek(bucket, key: $0 << 32 | $0) }
        #expect(peeked.allSatisfy { $0 == nil })
    }

    /// The evictor's clock reading is 1 010, the other worker's 1 009: it must not find a full bucket again.
    @Test func anOlderClockReadingFindsNoFullerBucketAfterAnEviction() {
        let table = BucketTable(minimumBuckets: Self.oneSet)
        for (key, now, fullAt) in [(1, 0, 1_010), (2, 1_010, 2_010)] as [(UInt64, UInt64, UInt64)] {
            guard case .bucket(let bucket, _) = table.insert(key, now: now, keeping: Self.nothing) else {
                continue
            }
            _ = table.lock(bucket)
            table.unlock(bucket, fullAt: fullAt)
        }
        let evicted = table.find(1)

        guard case .bucket(let again, _) = table.insert(1, now: 1_009, keeping: Self.nothing) else {
            Issue.record("no room in a set of two buckets")
            return
        }

        let fullAt = table.peek(again, key: 1)
        #expect(evicted == nil)
        #expect(fullAt == 1_010)
    }

    /// Two policies of one take evicted each other's new bucket in turn, until the take gave up.
    @Test func theOtherBucketsOfATakeAreNotEvicted() {
        let table = BucketTable(minimumBuckets: Self.oneSet)
        fill(table, fullAt: 500)
        var kept = Self.nothing
        for index in 0..<8 {
            let insertion = table.insert(1_000 + UInt64(index), now: 500, keeping: kept)
            if case .bucket(let bucket, _) = insertion { kept[index] = bucket }
        }

        let found = (0..<8).map { table.find(1_000 + UInt64($0)) }

        #expect(found == (0..<8).map { kept[$0] })
    }

    @Test(arguments: [1, 63, 64, 10_000])
    func aBucketTakesSixteenBytesAndALittle(minimumBuckets: Int) {
        let table = BucketTable(minimumBuckets: minimumBuckets)
        let (bytes, buckets) = (table.image.count * 8, table.capacity)

        #expect(buckets >= minimumBuckets)
        // What is promised is 64 bytes for each, all that belongs to it included.
        #expect(bytes <= buckets * 17)
    }
}
