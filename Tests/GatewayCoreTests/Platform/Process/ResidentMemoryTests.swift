import Testing

@testable import GatewayCore

struct ResidentMemoryTests {
    @Test func memoryThatIsWrittenIsCounted() throws {
        let before = try #require(ResidentMemory.bytes())
        let written = [UInt8](repeating: 1, count: 50_000_000)

        let after = try #require(ResidentMemory.bytes())

        #expect(before > 1_000_000)
        #expect(after - before > 30_000_000)
        #expect(written.last == 1)
    }
}
