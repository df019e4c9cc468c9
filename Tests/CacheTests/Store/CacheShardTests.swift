import HTTPModel
import Testing

@testable import Cache

struct CacheShardTests {
    private let partition = CachePartition(id: 1)

    private func find(_ shard: CacheShard, _ name: String, hash: UInt64, _ partition: CachePartition? = nil)
        -> CacheEntry?
    {
        shard.find(
            hash: hash, partition: partition ?? self.partition, route: 1, query: Array(name.utf8).span
        )?.object
    }

    @Test func anEmptyShardFindsNothingAndHoldsNoMemory() {
        let shard = CacheShard()

        #expect(find(shard, "a", hash: 1) == nil)
        #expect(shard.tableBytes == 0)
    }

    @Test func entriesWithOneHashAreToldApartByTheirKeys() {
        var shard = CacheShard()
        let (a, b) = (entry(partition, "a", hash: 1), entry(partition, "b", hash: 1))
        shard.insert(a, node: 0)
        shard.insert(b, node: 1)

        #expect(find(shard, "a", hash: 1) === a)
        #expect(find(shard, "b", hash: 1) === b)
        #expect(find(shard, "c", hash: 1) == nil)
    }

    @Test func anotherPartitionWithTheSameHashAndQueryFindsNothing() {
        var shard = CacheShard()
        shard.insert(entry(partition, "a", hash: 1), node: 0)

        #expect(find(shard, "a", hash: 1, CachePartition(id: 2)) == nil)
    }

    @Test func removalClosesTheGapWhereverItIs() {
        let entries = (0..<48).map { entry(partition, "k\($0)", hash: UInt64($0 % 5)) }
        for gone in entries.indices {
            var shard = CacheShard()
            for (node, entry) in entries.enumerated() { shard.insert(entry, node: UInt32(node)) }

            shard.remove(entries[gone])

            for (index, entry) in entries.enumerated() {
                let found = find(shard, "k\(index)", hash: entry.hash)
                #expect(index == gone ? found == nil : found === entry)
            }
        }
    }

    @Test func growthIsAnnouncedExactly() {
        var shard = CacheShard()
        for index in 0..<1_000 {
            let announced = shard.tableBytes + shard.growthBytes
            shard.insert(entry(partition, "k\(index)", hash: UInt64(index) &* 0x9E37_79B9_7F4A_7C15), node: 0)
            #expect(shard.tableBytes == announced)
        }
        #expect(shard.count == 1_000)
        #expect(shard.tableBytes <= 2_048 * CacheShard.slotBytes)
    }

    @Test func aHitIsCounted() {
        var shard = CacheShard()
        let a = entry(partition, "a", hash: 1)
        shard.insert(a, node: 0)

        _ = find(shard, "a", hash: 1)
        _ = find(shard, "b", hash: 1)

        #expect(a.hitCount == 1)
    }
}
