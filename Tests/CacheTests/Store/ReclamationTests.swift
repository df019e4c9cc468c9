import HTTPModel
import Testing

@testable import Cache

/// How long an answer that has left the cache is kept for those who read it.
struct ReclamationTests {
    /// Knows whether an entry is still there, and does not keep it.
    private struct Watched {
        weak var entry: CacheEntry?
        init(_ entry: CacheEntry?) { self.entry = entry }
    }

    private let cache = smallCache()
    private var partition: CachePartition { cache.partition(tenant: "acme", credential: 1) }

    private func find(_ query: String, as reader: CacheReader) -> Borrowed<CacheEntry>? {
        switch cache.lookUp(
            partition, route: 1, query: Array(query.utf8).span, now: at(0), as: reader)
        {
        case .fresh(let entry), .stale(let entry): entry
        case .miss: nil
        }
    }

    private func fill(_ query: String) -> Watched {
        Watched(cache.fill(partition, query, body: [1, 2, 3])?.entry)
    }

    private func purge() { _ = cache.purge(partition, route: nil, now: at(0)) }

    /// What housekeeping does.
    private func tidy() { _ = cache.reclaimExpired(now: at(0), limit: 1) }

    @Test func whatIsReadStaysUntilItsReaderBeginsAnew() throws {
        let reader = cache.makeReader()
        let watched = fill("q")
        reader.begin()
        let found = try #require(find("q", as: reader))

        purge()
        tidy()

        #expect(watched.entry != nil)
        #expect(cache.statistics().retiredBytes >= watched.entry?.accountedBytes ?? .max)
        #expect(found.read { $0.bytes[$0.body.range] } == [1, 2, 3])
        #expect(find("q", as: reader) == nil)

        reader.begin()
        tidy()

        #expect(watched.entry == nil)
        #expect(cache.statistics().retiredBytes == 0)
    }

    @Test func whoRestsOrHasLeftKeepsNothing() {
        let (resting, leaving) = (cache.makeReader(), cache.makeReader())
        let watched = fill("q")
        resting.begin()
        leaving.begin()
        purge()
        #expect(watched.entry != nil)

        resting.rest()
        tidy()
        #expect(watched.entry != nil)
        leaving.leave()
        tidy()

        #expect(watched.entry == nil)
    }

    @Test func whoBeginsAfterwardsKeepsNothingOfBefore() {
        let reader = cache.makeReader()
        let (first, second) = (fill("q"), fill("r"))
        purge()
        #expect(first.entry == nil && second.entry == nil)

        let late = fill("q")
        reader.begin()
        purge()

        #expect(late.entry != nil)
        #expect(cache.statistics().retiredBytes > 0)
    }

    @Test func whatLeavesForRoomOrIsReplacedIsKeptToo() throws {
        let reader = cache.makeReader()
        let old = fill("q")
        reader.begin()
        #expect(find("q", as: reader) != nil)

        cache.invalidate(partition)
        let new = fill("q")
        #expect(old.entry != nil && new.entry != nil)
        reader.begin()
        let all = (0..<2_000).map { fill("k\($0)") }

        #expect(old.entry == nil)
        #expect(all.count { $0.entry == nil } == 0, "all began to be read at once")
        reader.rest()
        tidy()
        #expect(all.count { $0.entry == nil } > 0)
        cache.checkInvariants()
    }

    @Test func whoRestsMayNotLook() async {
        await #expect(processExitsWith: .failure) {
            let cache = smallCache()
            let partition = cache.partition(tenant: "acme", credential: 1)
            _ = cache.lookUp(partition, route: 1, query: [1].span, now: at(0), as: cache.makeReader())
        }
    }

    /// Readers find, begin and rest at random while entries come and go: whatever a reader has found since it
    /// last began is there, and what nobody can have found is not.
    @Test func inAnyOrderOfStepsNothingIsLetGoThatIsReadAndNothingIsKeptThatIsNot() {
        var generator = SeededGenerator(seed: 20_261_129)
        var readers = (0..<3).map { _ in cache.makeReader() }
        var found: [[Watched]] = [[], [], []]
        var gone: [Watched] = []

        for step in 0..<20_000 {
            let (index, key) = (Int.random(in: 0..<3, using: &generator), step % 7)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0...2:
                readers[index].begin()
                found[index] = []
                if let entry = find("k\(key)", as: readers[index]) {
                    found[index].append(Watched(entry.object))
                }
            case 3:
                readers[index].rest()
                found[index] = []
            case 4:
                readers[index].leave()
                readers[index] = cache.makeReader()
                found[index] = []
            case 5, 6: gone.append(fill("k\(key)"))
            default: purge()
            }
            for watched in found.joined() where watched.entry == nil {
                Issue.record("step \(step): what is read was let go")
            }
        }
        for reader in readers { reader.rest() }
        purge()

        #expect(gone.count > 1_000)
        #expect(gone.count { $0.entry != nil } == 0)
        #expect(cache.statistics().retiredBytes == 0)
    }
}
