import HTTPModel
import Testing

@testable import Cache

struct HTTPCacheTests {
    private let cache = smallCache()
    private var partition: CachePartition { cache.partition(tenant: "acme", credential: 1) }

    @Test func whatWasStoredIsFoundUntilItsTimeIsOver() {
        cache.fill(partition, "q", body: [1], decision: fresh(seconds: 5))

        #expect(cache.lookUp(partition, "q", now: 4.9).freshEntry?.status == .ok)
        guard case .stale(let entry) = cache.lookUp(partition, "q", now: 5) else {
            Issue.record("an expired entry is kept until it is reclaimed")
            return
        }
        #expect(entry.remainingLifetimeSeconds(now: at(5)) == -1)
    }

    @Test func otherTenantsCredentialsRoutesAndQueriesMiss() {
        cache.fill(partition, "q", body: [1])

        #expect(cache.lookUp(cache.partition(tenant: "other", credential: 1), "q").isMiss)
        #expect(cache.lookUp(cache.partition(tenant: "acme", credential: 2), "q").isMiss)
        #expect(cache.lookUp(partition, "q", route: 2).isMiss)
        #expect(cache.lookUp(partition, "q2").isMiss)
        #expect(cache.lookUp(partition, "").isMiss)
    }

    @Test func anInvalidationHidesWhatWasStored() {
        cache.fill(partition, "q", body: [1])
        cache.invalidate(partition)
        #expect(cache.lookUp(partition, "q").isMiss)

        cache.fill(partition, "q", body: [2])
        #expect(cache.lookUp(partition, "q").freshEntry != nil)
        cache.checkInvariants()
    }

    @Test func aFillThatBeganBeforeAWriteIsNotStoredButStillAnswersThoseWhoWaited() throws {
        guard let permit = cache.permit(partition, "q") else { throw Missing.permit }
        #expect(cache.isFollowing(partition, "q", token: 7))
        cache.invalidate(partition)

        let admission = cache.admit(
            permit, head: response(), body: [1], decision: fresh(), receivedUnixSeconds: wallStart)

        #expect(admission.refusal == .generationPassed)
        #expect(admission.wakeup.waiters.map(\.token) == [7])
        #expect(admission.wakeup.entry === admission.entry)
        #expect(cache.lookUp(partition, "q").isMiss)
    }

    @Test func aFillThatBeganBeforeAPurgeIsNotStored() throws {
        guard let permit = cache.permit(partition, "q") else { throw Missing.permit }
        _ = cache.purge(partition, route: 1, now: at(0))

        let admission = cache.admit(
            permit, head: response(), body: [1], decision: fresh(), receivedUnixSeconds: wallStart)

        #expect(admission.refusal == .generationPassed)
        #expect(cache.lookUp(partition, "q").isMiss)
    }

    @Test func afterAWriteANewRequestLeadsThoughTheOldFetchIsUnderWay() throws {
        guard let old = cache.permit(partition, "q") else { throw Missing.permit }
        cache.invalidate(partition)
        guard let new = cache.permit(partition, "q") else { throw Missing.permit }

        let stored = cache.admit(
            new, head: response(), body: [2], decision: fresh(), receivedUnixSeconds: wallStart)
        let refused = cache.admit(
            old, head: response(), body: [1], decision: fresh(), receivedUnixSeconds: wallStart)

        #expect(stored.refusal == nil)
        #expect(refused.refusal == .generationPassed)
        #expect(cache.lookUp(partition, "q").freshEntry === stored.entry)
    }

    @Test func twoHundredJoinersOneFetchTwoHundredEqualAnswers() throws {
        guard let permit = cache.permit(partition, "q") else { throw Missing.permit }
        for token in 1...199 { #expect(cache.isFollowing(partition, "q", token: UInt64(token))) }

        let admission = cache.admit(
            permit, head: response(), body: [1], decision: fresh(), receivedUnixSeconds: wallStart)

        #expect(admission.wakeup.waiters.map(\.token) == (1...199).map { UInt64($0) })
        #expect(admission.wakeup.entry === admission.entry)
        #expect(cache.lookUp(partition, "q").freshEntry === admission.entry)
    }

    @Test func whatMayNotBeStoredIsForTheLeaderAlone() throws {
        guard let permit = cache.permit(partition, "q") else { throw Missing.permit }
        #expect(cache.isFollowing(partition, "q", token: 1))

        let admission = cache.admit(
            permit, head: response(200, ["Cache-Control: no-store"]), body: [1],
            decision: .notStored(.noStore), receivedUnixSeconds: wallStart)

        #expect(admission.refusal == .noStore)
        #expect(admission.wakeup.isGoAlone)
        #expect(admission.entry.text(admission.entry.fields).contains("no-store"))
        #expect(cache.lookUp(partition, "q").isMiss)
    }

    @Test func withoutMemoryFollowersStillShareTheAnswer() throws {
        let cache = smallCache(memoryBytes: 0)
        let partition = cache.partition(tenant: "t", credential: 1)
        guard let permit = cache.permit(partition, "q") else { throw Missing.permit }
        #expect(cache.isFollowing(partition, "q", token: 1))

        let admission = cache.admit(
            permit, head: response(), body: [1], decision: fresh(), receivedUnixSeconds: wallStart)

        #expect(admission.refusal == .noRoom)
        #expect(admission.wakeup.entry === admission.entry)
    }

    @Test func whoWouldLeadRightAfterAFetchEndedIsAnsweredFromTheCache() {
        cache.fill(partition, "q", body: [1])

        guard case .fresh(let entry, let wakeup) = cache.join(partition, "q") else {
            Issue.record("the second look was not taken")
            return
        }
        #expect(entry === cache.lookUp(partition, "q").freshEntry)
        #expect(wakeup.waiters.isEmpty)
        #expect(cache.collapser.flightCount == 0)
    }

    @Test func whatIsCountedIsTold() {
        for key in 0..<10 { cache.fill(partition, "k\(key)", body: [1]) }
        _ = cache.purge(partition, route: nil, now: at(0))

        let statistics = cache.statistics()
        #expect(statistics.entries == 0)
        #expect(statistics.counts.admitted == 10)
        #expect(statistics.counts.purged == 10)
        #expect(statistics.accountedBytes > 0)
    }

    @Test func theDecisionKnowsTheEntryLimit() {
        let subject = StoragePolicy.Subject(
            request: request(), response: response(), framing: .length(1 << 19), timing: promptly)

        #expect(cache.decide(subject, routeLifetime: .seconds(5)) == .notStored(.tooLarge))
    }
}

private enum Missing: Error {
    case permit
}

extension HTTPCache {
    /// Joins; whether it follows.
    fileprivate func isFollowing(_ partition: CachePartition, _ query: String, token: UInt64) -> Bool {
        switch join(partition, query, token: token) {
        case .follow: return true
        case .lead(let permit):
            _ = collapser.end(permit, .goAlone)
            return false
        case .alone: return false
        case .fresh: return false
        }
    }
}
