import HTTPModel
import Testing

@testable import Cache

struct ExpiryIndexTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func nodesLeaveInTheOrderOfTheirInstants(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var index = ExpiryIndex()
        var model: [UInt32: UInt64] = [:]

        for _ in 0..<3_000 {
            let node = UInt32.random(in: 0..<100, using: &generator)
            if model.removeValue(forKey: node) != nil {
                index.remove(node)
            } else {
                let instant = UInt64.random(in: 0..<50, using: &generator)
                index.insert(node, at: MonotonicInstant(nanoseconds: instant))
                model[node] = instant
            }
            index.checkInvariants()
            let count = index.count
            #expect(count == model.count)
            let first = index.firstExpired(by: MonotonicInstant(nanoseconds: 25))
            let earliest = model.values.min()
            #expect(first.flatMap { model[$0] } == earliest.flatMap { $0 <= 25 ? $0 : nil }, "seed \(seed)")
        }
    }
}
