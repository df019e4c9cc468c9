import Testing

@testable import GatewayCore

private final class Thing {
    let index: Int
    let generation: UInt32
    init(_ index: Int, _ generation: UInt32) {
        self.index = index
        self.generation = generation
    }
}

struct SlabTests {
    @Test func anIdentifierOfAnEarlierLifeFindsNothing() {
        var slab = Slab<Thing>()
        let first = slab.insert { Thing($0, $1) }
        slab.remove(index: first.index, generation: first.generation)

        let second = slab.insert { Thing($0, $1) }

        #expect(second.index == first.index)
        #expect(slab.find(index: first.index, generation: first.generation) == nil)
        #expect(slab.find(index: second.index, generation: second.generation) === second)
    }

    @Test func aRegistrationComesBackAsItWent() {
        let registration = Registration(.connection, index: 0xFFFF_FFFE, generation: 0xAB_CDEF)

        let back = Registration(token: registration.token)

        #expect(back.kind == .connection)
        #expect(back.index == 0xFFFF_FFFE)
        #expect(back.generation == 0xAB_CDEF)
    }

    @Test func indexesAreUsedAgainAndCountsHold() {
        var slab = Slab<Thing>()
        let things = (0..<100).map { _ in slab.insert { Thing($0, $1) } }
        for thing in things where thing.index % 2 == 0 {
            slab.remove(index: thing.index, generation: thing.generation)
        }

        let again = (0..<50).map { _ in slab.insert { Thing($0, $1) } }

        #expect(again.allSatisfy { $0.index < 100 })
        #expect(slab.count == 100)
        #expect(slab.all.count == 100)
    }
}
