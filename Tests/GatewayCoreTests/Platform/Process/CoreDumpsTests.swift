import Testing

@testable import GatewayCore

struct CoreDumpsTests {
    @Test func theKernelDoesAsItIsTold() {
        let before = CoreDumps.present
        defer { before.apply() }

        CoreDumps.off.apply()
        let off = CoreDumps.present
        CoreDumps.on.apply()

        #expect(off == .off)
        #expect(CoreDumps.present == .on)
    }
}
