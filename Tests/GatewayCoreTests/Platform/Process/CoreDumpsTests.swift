import Testing

@testable import GatewayCore

/// What a dump holds is seen where a gateway crashes: `CoreDumpSecretTests`.
struct CoreDumpsTests {
    @Test func theKernelDoesAsItIsTold() {
        let before: CoreDumps = CoreDumps.areWritten ? .on : .off
        defer { before.apply() }

        CoreDumps.off.apply()
        let off = CoreDumps.areWritten
        CoreDumps.on.apply()

        #expect(!off)
        #expect(CoreDumps.areWritten)
    }
}
