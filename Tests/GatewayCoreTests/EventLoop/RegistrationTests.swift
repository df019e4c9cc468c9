import Testing

@testable import GatewayCore

struct RegistrationTests {
    @Test(arguments: [
        Registration.Kind.listener, .connection, .upstream, .wakeup, .control,
    ])
    func whatIsPackedIsUnpacked(kind: Registration.Kind) {
        for index in [0, 1, 0xFFFF_FFFF] {
            for generation in [0, 1, 0xFF_FFFF] as [UInt32] {
                let packed = Registration(kind, index: index, generation: generation)
                let unpacked = Registration(token: packed.token)
                #expect(unpacked.kind == kind)
                #expect(unpacked.index == index)
                #expect(unpacked.generation == generation)
            }
        }
    }

    @Test func noTwoThingsHaveOneToken() {
        let tokens = [
            Registration(.listener, index: 1), Registration(.connection, index: 1),
            Registration(.connection, index: 2), Registration(.connection, index: 1, generation: 1),
        ].map(\.token)

        #expect(Set(tokens).count == 4)
    }
}
