import Testing

@testable import GatewayCore

struct SystemRandomnessTests {
    @Test func everyDrawIsAnotherNumberAndIsCounted() {
        var randomness = SystemRandomness()

        let drawn = (0..<1_000).map { _ in randomness.next() }

        #expect(Set(drawn).count == 1_000)
        #expect(randomness.drawCount == 1_000)
    }

    @Test func everyBitIsDrawn() {
        var randomness = SystemRandomness()

        let (set, clear) = (0..<1_000).reduce((UInt64(0), UInt64.max)) { bits, _ in
            let number = randomness.next()
            return (bits.0 | number, bits.1 & number)
        }

        #expect(set == .max)
        #expect(clear == 0)
    }
}
