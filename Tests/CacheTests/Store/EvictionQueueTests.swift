import Testing

@testable import Cache

struct EvictionQueueTests {
    private let partition = CachePartition(id: 1)

    private func queue(shareBytes: Int = .max) -> EvictionQueue {
        var queue = EvictionQueue(shareBytes: shareBytes)
        queue.grow(by: 1_000)
        return queue
    }

    @Test func withoutHitsTheOldestLeavesFirst() {
        var queue = queue()
        let nodes = (0..<10).map { queue.insert(entry(partition, "\($0)", hash: 0), stage: .small) }

        for node in nodes {
            #expect(queue.nextVictim() == node)
            _ = queue.remove(node)
            queue.checkInvariants()
        }
        let last = queue.nextVictim()
        #expect(last == nil)
    }

    @Test func oneHitIsNotEnoughForTheMainQueueTwoAre() {
        var queue = queue()
        let (once, twice) = (entry(partition, "once", hash: 0), entry(partition, "twice", hash: 0))
        once.countHit()
        twice.countHit()
        twice.countHit()
        let twiceNode = queue.insert(twice, stage: .small)
        let onceNode = queue.insert(once, stage: .small)

        #expect(queue.nextVictim() == onceNode)
        #expect(!queue.isSmall(twiceNode))
        #expect(twice.hitCount == 0)
        queue.checkInvariants()
    }

    @Test func inTheMainQueueEveryHitIsASecondChance() {
        var queue = queue()
        let (hit, cold) = (entry(partition, "hit", hash: 0), entry(partition, "cold", hash: 0))
        let hitNode = queue.insert(hit, stage: .main)
        let coldNode = queue.insert(cold, stage: .main)
        hit.countHit()

        #expect(queue.nextVictim() == coldNode)
        _ = queue.remove(coldNode)
        #expect(queue.nextVictim() == hitNode)
        queue.checkInvariants()
    }

    @Test func theSearchEndsEvenIfEverythingWasHit() {
        var queue = queue()
        for index in 0..<500 {
            let hot = entry(partition, "\(index)", hash: 0)
            for _ in 0..<3 { hot.countHit() }
            _ = queue.insert(hot, stage: .main)
        }

        let victim = queue.nextVictim()
        #expect(victim != nil)
        queue.checkInvariants()
    }

    @Test func whatWasInvalidatedLeavesHoweverOftenItWasHit() {
        var queue = queue()
        let hot = entry(partition, "hot", hash: 0)
        for _ in 0..<3 { hot.countHit() }
        let node = queue.insert(hot, stage: .main)
        _ = queue.insert(entry(CachePartition(id: 2), "cold", hash: 0), stage: .main)

        partition.invalidate(.everything)

        #expect(queue.nextVictim() == node)
    }

    @Test func aPartitionAboveItsShareGivesFirstThoughOthersAreOlder() {
        let other = CachePartition(id: 2)
        var queue = queue(shareBytes: 10_000)
        _ = queue.insert(entry(other, "old", hash: 0, bodyBytes: 1_000), stage: .small)
        let nodes = (0..<9).map {
            queue.insert(entry(partition, "\($0)", hash: 0, bodyBytes: 1_000), stage: .small)
        }
        queue.checkInvariants()

        #expect(queue.nextVictim() == nodes[0])
        for node in nodes.prefix(4) { _ = queue.remove(node) }
        queue.checkInvariants()
        #expect(queue.nextVictim() != nodes[4])
    }

    @Test func accountsOfEmptyPartitionsAreReused() {
        var queue = queue()
        for id in 0..<1_000 {
            let node = queue.insert(entry(CachePartition(id: UInt64(id)), "a", hash: 0), stage: .small)
            _ = queue.remove(node)
        }

        let count = queue.accountCount
        #expect(count == 0)
        queue.checkInvariants()
    }
}
