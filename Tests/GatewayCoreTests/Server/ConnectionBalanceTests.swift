import Dispatch
import HTTPModel
import Testing

@testable import GatewayCore

/// Which worker a new connection lives with.
struct ConnectionBalanceTests {
    /// Opens connections until each worker has so many.
    private func balance(having counts: [Int], maximum: Int = 1_000_000) -> ConnectionBalance {
        let balance = ConnectionBalance(workerCount: counts.count, maximumCount: maximum)
        // Each lives with whoever has the fewest, so the counts rise together; too many are closed again.
        let most = counts.max() ?? 0
        for _ in 0..<(most * counts.count) {
            let fewest = counts.indices.min { balance.count(of: $0) < balance.count(of: $1) } ?? 0
            _ = balance.open(acceptedBy: fewest)
        }
        for worker in counts.indices {
            while balance.count(of: worker) > counts[worker] { balance.close(at: worker) }
        }
        return balance
    }

    @Test(arguments: [
        ([0], 0, 0), ([5], 0, 0),
        // Kept by who accepts it, as long as nobody has fewer.
        ([0, 0], 1, 1), ([3, 3, 3], 2, 2), ([2, 3], 0, 0),
        // Handed to who has the fewest; of several, to the first.
        ([1, 0], 0, 1), ([3, 2, 1, 2], 0, 2), ([4, 1, 1], 0, 1),
        // Of many, a few more are no reason.
        ([33, 32], 0, 0), ([34, 32], 0, 0), ([35, 32], 0, 1), ([16, 15], 0, 1), ([1_062, 1_000], 0, 0),
        ([1_063, 1_000], 0, 1),
    ])
    func itLivesWithWhoHasHardlyMoreThanAnybody(counts: [Int], acceptedBy: Int, livesWith: Int) {
        let balance = balance(having: counts)

        #expect(balance.open(acceptedBy: acceptedBy) == livesWith)
        #expect(balance.count(of: livesWith) == counts[livesWith] + 1)
    }

    @Test func thereAreAsManyAsThereMayBeHoweverTheyAreSpread() {
        let balance = ConnectionBalance(workerCount: 3, maximumCount: 7)

        let opened = (0..<9).map { balance.open(acceptedBy: $0 % 2) }

        #expect(opened.prefix(7).allSatisfy { $0 != nil })
        #expect(opened.suffix(2).allSatisfy { $0 == nil })
        #expect((0..<3).map { balance.count(of: $0) }.sorted() == [2, 2, 3])
        balance.close(at: 1)
        #expect(balance.open(acceptedBy: 0) == 1)
        #expect(balance.open(acceptedBy: 0) == nil)
    }

    @Test func withAllWorkersAtOnceTheSumIsNeverTooGreatAndNothingIsLost() {
        let balance = ConnectionBalance(workerCount: 4, maximumCount: 50)
        let most = AtomicWords(count: 1)

        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            var mine: [Int] = []
            for step in 0..<5_000 {
                if step % 3 == 2, let last = mine.popLast() {
                    balance.close(at: last)
                } else if let position = balance.open(acceptedBy: worker) {
                    mine.append(position)
                }
                if mine.count > 20 { while let last = mine.popLast() { balance.close(at: last) } }
                let sum = (0..<4).reduce(0) { $0 + balance.count(of: $1) }
                if sum > Int(most.load(0)) { most.store(0, UInt64(sum)) }
            }
            for position in mine { balance.close(at: position) }
        }

        // Looked at one after the other, the counts may be of different moments.
        #expect(most.load(0) <= 60)
        #expect((0..<4).allSatisfy { balance.count(of: $0) == 0 })
        for _ in 0..<50 { #expect(balance.open(acceptedBy: 0) != nil) }
        #expect(balance.open(acceptedBy: 0) == nil)
    }

    @Test func aConnectionThatNobodyTakesIsClosed() throws {
        let pair = try SocketPair()
        var handed: HandedConnection? = HandedConnection(
            pair.near, peer: SocketAddress(address: IPAddress(ipv4: 0x7F00_0001), port: 1), listenerIndex: 0)

        #expect(handed?.listenerIndex == 0)
        handed = nil

        var bytes = ByteBuffer()
        #expect(SystemCall.read(pair.far, into: &bytes, maximum: 1) == .ended)
    }
}
