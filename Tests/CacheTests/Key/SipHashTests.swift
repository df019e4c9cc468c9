import Testing

@testable import Cache

struct SipHashTests {
    private let key: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)

    /// SipHash-2-4-64 of 00 01 … (n-1), from the reference implementation's table.
    @Test(arguments: [
        (0, 0x726F_DB47_DD0E_0E31 as UInt64), (1, 0x74F8_39C5_93DC_67FD), (7, 0xAB02_00F5_8B01_D137),
        (8, 0x93F5_F579_9A93_2462), (15, 0xA129_CA61_49BE_45E5),
    ])
    func theCoreGivesThePublishedVectors(count: Int, expected: UInt64) {
        var hash = SipHash(key: key)
        let bytes = (0..<count).map { UInt8($0) }
        hash.absorb(bytes.span, rounds: 2)

        let value = hash.finish(rounds: 4)
        #expect(value == expected)
    }
}
