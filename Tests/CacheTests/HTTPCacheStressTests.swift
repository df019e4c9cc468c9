import Dispatch
import HTTPModel
import Locking
import Synchronization
import Testing

@testable import Cache

/// Many threads on one small cache: what a worker does, without sockets. Meant for the thread sanitizer too.
struct HTTPCacheStressTests {
    /// What a woken worker would find in its mailbox.
    private final class Mailboxes: Sendable {
        private let news = Lock<[UInt64: FollowerNews]>([:])

        func deliver(_ wakeup: Wakeup) {
            news.withLock { news in
                for waiter in wakeup.waiters { news[waiter.token] = wakeup.news }
            }
        }

        func take(_ token: UInt64) -> FollowerNews? { news.withLock { $0.removeValue(forKey: token) } }
    }

    private final class Tally: Sendable {
        let answers = Atomic<Int>(0)
        let fetches = Atomic<Int>(0)
        let foreign = Atomic<Int>(0)
        let coded = Atomic<Int>(0)
    }

    /// What a hit by a client that accepts gzip does: takes that form, or makes it if it is to.
    private static func code(_ entry: CacheEntry, in cache: HTTPCache, tenant: Int, _ tally: Tally) {
        let accepted = request(.get, ["Accept-Encoding: gzip"]).codings
        let (answer, wanted) = entry.inCoding(accepted, of: ContentCodings([.gzip]))
        if answer.read({ $0 !== entry }) {
            tally.coded.add(1, ordering: .relaxed)
            if answer.read({ $0.bytes[$0.body.range] != [0x1F, UInt8(tenant)] }) {
                tally.foreign.add(1, ordering: .relaxed)
            }
        } else if let wanted, entry.wants(wanted) {
            _ = cache.keep(CacheEntry(wanted, body: [0x1F, UInt8(tenant)], of: entry), wanted, with: entry)
        }
    }

    private static func body(tenant: Int, key: Int) -> [UInt8] {
        [UInt8(tenant), UInt8(key)] + [UInt8](repeating: UInt8(tenant), count: 100 + key * 10)
    }

    @Test func threadsNeverSeeAnotherTenantsBytesAndEveryStructureStaysWhole() {
        var configuration = CacheConfiguration()
        configuration.memoryBytes = 48 << 10
        configuration.compression.minimumBytes = 1
        let cache = HTTPCache(configuration: configuration, seed: (1, 2))
        let partitions = (0..<3).map { cache.partition(tenant: "t\($0)", credential: 1) }
        let tally = Tally()

        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            var generator = SeededGenerator(seed: UInt64(thread))
            let reader = cache.makeReader()
            defer { reader.leave() }
            for step in 0..<2_000 {
                // As a worker does between events, and now and then before it waits.
                if step % 16 == 0 { reader.rest() }
                reader.begin()
                let tenant = Int.random(in: 0..<3, using: &generator)
                let key = Int.random(in: 0..<40, using: &generator)
                let now = Double(step) / 1_000
                let found = cache.lookUp(
                    partitions[tenant], route: 1, query: Array("k\(key)".utf8).span, now: at(now), as: reader)
                if case .fresh(let entry) = found {
                    entry.read { entry in
                        let bytes = Array(entry.bytes[entry.body.range])
                        if bytes != Self.body(tenant: tenant, key: key) {
                            tally.foreign.add(1, ordering: .relaxed)
                        }
                        tally.answers.add(1, ordering: .relaxed)
                        Self.code(entry, in: cache, tenant: tenant, tally)
                    }
                } else if let permit = cache.permitOrLeave(partitions[tenant], "k\(key)", now: now) {
                    _ = cache.admit(
                        permit, head: response(200, ["Content-Type: text/plain"]),
                        body: Self.body(tenant: tenant, key: key),
                        decision: fresh(from: now, seconds: 0.5), receivedUnixSeconds: wallStart)
                    tally.fetches.add(1, ordering: .relaxed)
                }
                switch step % 250 {
                case 50: cache.invalidate(partitions[tenant])
                case 100: _ = cache.purge(partitions[tenant], route: nil, now: at(now))
                case 125: _ = cache.purge(partitions[tenant], route: nil, .soft, now: at(now))
                case 150: _ = cache.reclaimExpired(now: at(now), limit: 16)
                case 200: cache.checkInvariants()
                default: break
                }
            }
        }

        cache.checkInvariants()
        _ = cache.reclaimExpired(now: at(0), limit: 1)
        #expect(cache.statistics().retiredBytes == 0)
        #expect(tally.foreign.load(ordering: .relaxed) == 0)
        #expect(tally.answers.load(ordering: .relaxed) > 0)
        #expect(tally.fetches.load(ordering: .relaxed) > 0)
        #expect(tally.coded.load(ordering: .relaxed) > 0)
        #expect(cache.collapser.flightCount == 0)
    }

    @Test func everyFollowerOnEveryThreadIsToldWhateverLeadersDo() {
        let cache = smallCache()
        let partition = cache.partition(tenant: "t", credential: 1)
        let mailboxes = Mailboxes()
        let answered = Atomic<Int>(0)

        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for round in 0..<500 {
                let token = UInt64(thread * 10_000 + round)
                let end = Self.finish(cache, partition, mailboxes, round: round, token: token)
                if end { answered.add(1, ordering: .relaxed) }
            }
        }

        #expect(answered.load(ordering: .relaxed) == 8 * 500)
        #expect(cache.collapser.flightCount == 0)
    }

    /// One exchange from look-up to answer; false if it was never told anything.
    private static func finish(
        _ cache: HTTPCache, _ partition: CachePartition, _ mailboxes: Mailboxes, round: Int, token: UInt64
    ) -> Bool {
        switch cache.join(partition, "k\(round)", token: token) {
        case .alone: return true
        case .fresh(_, let wakeup):
            mailboxes.deliver(wakeup)
            return true
        case .lead(let permit):
            lead(permit, cache, mailboxes, round: round)
            return true
        case .follow(let ticket):
            // Bounded, so that a lost wake-up is a failure and not a hang.
            for _ in 0..<50_000_000 {
                guard let news = mailboxes.take(token) else { continue }
                switch news {
                case .ended: return true
                case .arriving: continue
                case .leadNow:
                    guard let permit = cache.collapser.takeOver(ticket, now: at(0)) else { return false }
                    lead(permit, cache, mailboxes, round: round)
                    return true
                }
            }
            return false
        }
    }

    private static func lead(
        _ permit: consuming FetchPermit, _ cache: HTTPCache, _ mailboxes: Mailboxes, round: Int
    ) {
        switch round % 4 {
        case 0: mailboxes.deliver(cache.collapser.handOver(permit))
        case 1: mailboxes.deliver(cache.collapser.end(permit, .failed(504)))
        case 2: mailboxes.deliver(cache.collapser.end(permit, .goAlone))
        default:
            let admission = cache.admit(
                permit, head: response(), body: [1], decision: fresh(), receivedUnixSeconds: wallStart)
            mailboxes.deliver(admission.wakeup)
        }
    }
}

extension HTTPCache {
    /// Leads, or leaves at once; passes a lead it is offered on by ending the flight.
    fileprivate func permitOrLeave(_ partition: CachePartition, _ query: String, now: Double) -> FetchPermit?
    {
        switch join(partition, query, now: now) {
        case .lead(let permit): return permit
        case .follow(let ticket):
            _ = collapser.leave(ticket)
            return nil
        case .alone: return nil
        case .fresh: return nil
        }
    }
}
