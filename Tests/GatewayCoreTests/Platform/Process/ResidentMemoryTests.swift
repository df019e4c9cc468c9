import Glibc
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

    /// A sanitizer's allocator keeps what is freed, so as to know it when it is used.
    private static var isSanitized: Bool {
        // RTLD_DEFAULT: whatever is loaded into this process.
        unsafe dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
    }

    @Test(.disabled(if: isSanitized, "the memory is the sanitizer's"))
    func whatWasFreedInTheMiddleIsGivenBack() throws {
        var pieces = (0..<200_000).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 400) }
        // One at the end keeps the C library from giving the rest back by itself.
        let last = [UInt8](repeating: 1, count: 400)
        let before = try #require(ResidentMemory.bytes())

        pieces = []
        ResidentMemory.giveBack()

        let after = try #require(ResidentMemory.bytes())
        #expect(before - after > 40_000_000)
        #expect(pieces.isEmpty && last.last == 1)
    }
}
