import Testing

@testable import Cache

struct GhostTableTests {
    @Test func aHashIsRecalledOnce() {
        var ghosts = GhostTable(memoryBytes: 0)
        ghosts.remember(42 << 24)

        let (first, second) = (ghosts.recall(42 << 24), ghosts.recall(42 << 24))

        #expect(first)
        #expect(!second)
    }

    @Test func anUnknownHashIsNotRecalledZeroIncluded() {
        var ghosts = GhostTable(memoryBytes: 0)
        ghosts.remember(42 << 24)

        let answers = [ghosts.recall(0), ghosts.recall(43 << 24), ghosts.recall((42 << 24) + 1)]

        #expect(answers == [false, false, false])
    }

    @Test func anOldHashFades() {
        var ghosts = GhostTable(memoryBytes: 0)
        ghosts.remember(1 << 24)
        for _ in 0..<64 { ghosts.remember(2 << 24) }

        let recalled = ghosts.recall(1 << 24)

        #expect(!recalled)
    }

    @Test func theTableGrowsWithTheCacheUpToABound() {
        #expect(GhostTable(memoryBytes: 0).tableBytes == 64 * 16)
        #expect(GhostTable(memoryBytes: 256 << 20).tableBytes == 32_768 * 16)
        #expect(GhostTable(memoryBytes: 1 << 40).tableBytes == 65_536 * 16)
    }
}
