import Testing

@testable import KayleStandIn

struct SeededGeneratorTests {
    @Test func equalSeedAndStreamGiveEqualSequences() {
        var one = SeededGenerator(seed: 1, stream: "a")
        var other = SeededGenerator(seed: 1, stream: "a")

        #expect((0..<100).allSatisfy { _ in one.next() == other.next() })
    }

    @Test(arguments: [(UInt64(2), "a"), (UInt64(1), "b")])
    func anotherSeedOrStreamGivesAnotherSequence(seed: UInt64, stream: String) {
        var one = SeededGenerator(seed: 1, stream: "a")
        var other = SeededGenerator(seed: seed, stream: stream)

        #expect(one.next() != other.next())
    }

    @Test func identifierHasTheDocumentedShape() {
        var generator = SeededGenerator(seed: 1, stream: "a")

        #expect(SessionRoutes.isSessionID(generator.identifier("vs")))
        #expect(generator.identifier("va").dropFirst(3).allSatisfy { $0.isNumber || $0.isLowercase })
    }
}
