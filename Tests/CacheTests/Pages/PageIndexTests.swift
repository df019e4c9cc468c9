import HTTPModel
import Testing

@testable import Cache

struct PageIndexTests {
    private let cache = smallCache(memoryBytes: 1 << 20)
    private var partition: CachePartition { cache.partition(tenant: "acme", credential: 1) }

    @Test func aListKeepsSixteenPagesInMindAndForgetsThoseThatDieFirst() {
        for limit in 11...40 {
            cache.fillPage(
                partition, "/v1/sessions?limit=\(limit)", pageText(rows: 3, limit: limit, attempts: false),
                decision: fresh(seconds: Double(limit)))
            cache.checkInvariants()
        }

        #expect(cache.slice(partition, "/v1/sessions?limit=2", now: 39)?.source != nil)
        // All are stored all the same.
        #expect(cache.statistics().entries == 30)
    }

    @Test func aPageThatAWriteMadeUselessMakesPlaceFirst() {
        cache.fillPage(
            partition, "/v1/sessions?limit=99", pageText(rows: 3, limit: 99), decision: fresh(seconds: 900))
        cache.invalidate(partition)
        for limit in 11...26 {
            cache.fillPage(
                partition, "/v1/sessions?limit=\(limit)", pageText(rows: 3, limit: limit),
                decision: fresh(seconds: Double(limit)))
        }

        // The first of the sixteen is still in mind.
        #expect(cache.slice(partition, "/v1/sessions?limit=2", now: 10) != nil)
        cache.checkInvariants()
    }

    @Test func theIndexIsCountedInTheMemoryAndGivesItsPlacesBack() {
        let before = cache.statistics().accountedBytes
        for path in 0..<200 {
            cache.fillPage(partition, "/v1/l\(path)?limit=5", pageText(rows: 1, limit: 5))
            cache.checkInvariants()
        }
        #expect(cache.statistics().accountedBytes - before > 200 * PageIndex.slotBytes)

        _ = cache.purge(partition, route: nil, now: at(0))
        for path in 0..<200 {
            #expect(cache.slice(partition, "/v1/l\(path)?limit=2") == nil)
        }
        cache.checkInvariants()
    }

    @Test func aPageThatIsEvictedAnswersNoMore() {
        var generator = SeededGenerator(seed: 7)
        let small = smallCache(memoryBytes: 1 << 17, maximumEntryBytes: 1 << 14)
        let partition = small.partition(tenant: "t", credential: 1)
        for _ in 0..<400 {
            let path = Int.random(in: 0..<40, using: &generator)
            let limit = Int.random(in: 11..<30, using: &generator)
            small.fillPage(
                partition, "/v1/l\(path)?limit=\(limit)", pageText(rows: 5, limit: limit),
                decision: fresh(seconds: Double(limit)))
            small.checkInvariants()
        }
        #expect(small.statistics().counts.evicted > 0)
    }
}
