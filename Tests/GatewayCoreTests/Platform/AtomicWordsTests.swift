import Testing

@testable import GatewayCore

struct AtomicWordsTests {
    @Test func allWordsBeginAtZero() {
        let words = AtomicWords(count: 100_000)

        let sum = (0..<100_000).reduce(0) { $0 + words.load($1) }

        #expect(sum == 0)
    }

    @Test func addingTheComplementSubtracts() {
        let words = AtomicWords(count: 1)
        words.addAsOnlyWriter(0, 5)

        words.addAsOnlyWriter(0, 0 &- 2)

        let value = words.load(0)
        #expect(value == 3)
    }

    @Test func aLockedWordCannotBeLockedAgainAndKeepsItsValue() {
        let words = AtomicWords(count: 1)
        words.store(0, 7)

        let first = words.lock(0)
        let second = words.tryLock(0)
        words.unlock(0, leaving: 8)
        let third = words.tryLock(0)

        #expect(first == 7)
        #expect(second == nil)
        #expect(third == 8)
    }

    @Test func additionsUnderTheLockAreNeverLost() {
        let shared = Shared()

        Crowd.run(4) { _ in
            for _ in 0..<50_000 {
                let value = shared.words.lock(0)
                shared.words.unlock(0, leaving: value + 1)
            }
        }

        let value = shared.words.load(0)
        #expect(value == 200_000)
    }

    private final class Shared: Sendable {
        let words = AtomicWords(count: 1)
    }
}
