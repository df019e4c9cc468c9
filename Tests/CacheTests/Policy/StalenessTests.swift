import HTTPModel
import Testing

@testable import Cache

struct StalenessTests {
    private let cache = smallCache()
    private var partition: CachePartition { cache.partition(tenant: "acme", credential: 1) }

    private static let decision = StorageDecision.store(
        Freshness(
            receivedAt: at(0), initialAgeNanoseconds: 0, freshUntil: at(5),
            servedWhileRevalidatingUntil: at(10), servedOnErrorUntil: at(60)))

    @Test func anAnswerIsGivenStaleForAsLongAsItMayBe() throws {
        cache.fill(partition, "q", body: [1], decision: Self.decision)

        let entry = try #require(cache.lookUp(partition, "q", now: 6).staleEntry)

        #expect(entry.mayAnswerWhileRevalidating(at: at(9.9)))
        #expect(!entry.mayAnswerWhileRevalidating(at: at(10)))
        #expect(entry.mayAnswerOnError(at: at(59.9)))
        #expect(!entry.mayAnswerOnError(at: at(60)))
    }

    @Test func itIsKeptThatLongAndNoLonger() {
        cache.fill(partition, "q", body: [1], decision: Self.decision)

        #expect(cache.reclaimExpired(now: at(59), limit: 10) == 0)
        #expect(cache.reclaimExpired(now: at(60), limit: 10) == 1)
    }

    @Test func aWriteEndsWhatCouldBeGivenStale() throws {
        cache.fill(partition, "q", body: [1], decision: Self.decision)
        let entry = try #require(cache.lookUp(partition, "q", now: 6).staleEntry)

        cache.invalidate(partition)

        #expect(!entry.mayAnswerWhileRevalidating(at: at(6)))
        #expect(!entry.mayAnswerOnError(at: at(6)))
    }

    @Test func onlyOneRefreshIsUnderWayForAKey() throws {
        let query = Array("q".utf8)
        guard let permit = cache.refresh(partition, route: 1, query: query.span, now: at(0)) else {
            Issue.record("the first refresh has no permit")
            return
        }
        let isSecondRefused = cache.refresh(partition, route: 1, query: query.span, now: at(0)) == nil
        #expect(isSecondRefused)

        _ = cache.collapser.end(permit, .goAlone)

        guard let next = cache.refresh(partition, route: 1, query: query.span, now: at(0)) else {
            Issue.record("after the first has ended there is no next")
            return
        }
        _ = cache.collapser.end(next, .goAlone)
    }

    @Test func anEarlierEndTakesTheStaleTimeWithIt() {
        guard case .store(let freshness) = Self.decision else { return }

        let earlier = freshness.ending(at: at(2))

        #expect(earlier.freshUntil == at(2))
        #expect(earlier.servedWhileRevalidatingUntil == at(7))
        #expect(earlier.servedOnErrorUntil == at(57))
        #expect(freshness.ending(at: at(9)) == freshness)
    }
}
