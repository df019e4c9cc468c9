import HTTPModel
import Testing

/// An object that is read without being held.
struct BorrowedTests {
    private final class Cup {
        var sips = 0
    }

    @Test func itReadsTheObjectAndHoldsNothing() {
        var cup: Cup? = Cup()
        weak let watched = cup
        let borrowed = cup.map { Borrowed($0) }

        borrowed?.read { $0.sips += 1 }

        #expect(cup?.sips == 1)
        cup = nil
        #expect(watched == nil)
    }

    @Test func whatIsTakenOutOfItIsHeld() {
        var cup: Cup? = Cup()
        weak let watched = cup
        let held = cup.map { Borrowed($0).object }
        cup = nil

        #expect(watched === held && held != nil)
    }
}
