import HTTPModel
import Testing

@testable import Cache

struct CacheEntryTests {
    private let partition = CachePartition(id: 1)

    private func entry(_ decision: StorageDecision = fresh(from: 0, seconds: 5), body: Int = 0) -> CacheEntry
    {
        CacheEntry(
            key: CacheKey(partition: partition, route: 3, query: Array("limit=5".utf8), hash: 9),
            judgedWrites: 0,
            answer: CollectedAnswer(
                head: response(), receivedUnixSeconds: wallStart),
            body: [UInt8](repeating: 1, count: body).span, decision: decision)
    }

    @Test func ageAndLifetimeFollowTheClock() {
        let entry = entry()

        #expect(entry.ageSeconds(now: at(2)) == 2)
        #expect(entry.remainingLifetimeSeconds(now: at(2)) == 3)
        #expect(entry.remainingLifetimeSeconds(now: at(7)) == -3)
    }

    @Test func anAnswerThatIsNotReusableHasNeitherAgeNorLifetime() {
        let entry = entry(.notStored(.noStore))

        #expect(entry.ageSeconds(now: at(2)) == 0)
        #expect(entry.remainingLifetimeSeconds(now: at(2)) == -1)
    }

    @Test func itMatchesItsOwnKeyOnly() {
        let entry = entry()
        let query = Array("limit=5".utf8)
        let answers = [
            entry.matches(partition: partition, route: 3, query: query.span),
            entry.matches(partition: CachePartition(id: 1), route: 3, query: query.span),
            entry.matches(partition: partition, route: 4, query: query.span),
            entry.matches(partition: partition, route: 3, query: query.span.extracting(droppingLast: 1)),
        ]

        #expect(answers == [true, false, false, false])
    }

    @Test func hitsAreCountedUpToThree() {
        let entry = entry()
        for _ in 0..<10 { entry.countHit() }

        #expect(entry.hitCount == 3)
    }

    @Test func theAccountCoversTheBytesAndTheObject() {
        let entry = entry(body: 10_000)

        #expect(entry.accountedBytes >= entry.bytes.count + 256)
        #expect(entry.accountedBytes < 11_500)
    }
}
