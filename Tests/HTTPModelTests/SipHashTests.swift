import HTTPModel
import Testing

struct SipHashTests {
    private static let key = SipHash.Key(0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)

    /// SipHash-2-4-64 of 00 01 … (n-1), from the reference implementation's table.
    @Test(arguments: [
        (0, 0x726F_DB47_DD0E_0E31 as UInt64), (1, 0x74F8_39C5_93DC_67FD), (7, 0xAB02_00F5_8B01_D137),
        (8, 0x93F5_F579_9A93_2462), (15, 0xA129_CA61_49BE_45E5), (63, 0x958A_324C_EB06_4572),
    ])
    func twoAndFourRoundsGiveThePublishedVectors(count: Int, expected: UInt64) {
        #expect(Self.hash(count: count, rounds: 2, finalRounds: 4) == expected)
    }

    /// SipHash-1-3-64 of the same messages, from the same authors.
    @Test(arguments: [
        (0, 0xABAC_0158_050F_C4DC as UInt64), (8, 0x3690_9511_8D29_9A8E), (16, 0xCC4F_DD1A_7D90_8B66),
    ])
    func oneAndThreeRoundsGiveThePublishedVectors(count: Int, expected: UInt64) {
        #expect(Self.hash(count: count, rounds: 1, finalRounds: 3) == expected)
    }

    @Test func textsOfEveryLengthAreTakenWordByWord() {
        for count in 0..<140 {
            let bytes = (0..<count).map { UInt8($0) }
            var byWords = SipHash(key: Self.key)
            for start in stride(from: 0, to: count / 8 * 8, by: 8) {
                byWords.absorb(bytes.span.word(at: start), rounds: 1)
            }
            let rest = bytes[(count / 8 * 8)...].enumerated().reduce(UInt64(count) << 56) { word, byte in
                word | UInt64(byte.element) << UInt64(8 * byte.offset)
            }
            byWords.absorb(rest, rounds: 1)

            #expect(Self.hash(count: count, rounds: 1, finalRounds: 3) == byWords.finish(rounds: 3))
        }
    }

    @Test func partsThatOnlyJoinAlikeHaveDifferentHashes() {
        #expect(Self.hash(parts: ["ab", "c"]) != Self.hash(parts: ["a", "bc"]))
        #expect(Self.hash(parts: ["a"]) != Self.hash(parts: ["a\0"]))
        #expect(Self.hash(parts: ["12345678", ""]) != Self.hash(parts: ["12345678"]))
    }

    @Test func eachHalfOfTheKeyCounts() {
        let hashes = [(1, 2), (1, 3), (2, 2), (2, 1)].map { first, second in
            Self.hash(parts: ["a"], key: SipHash.Key(first, second))
        }

        #expect(Set(hashes).count == 4)
    }

    private static func hash(count: Int, rounds: Int, finalRounds: Int) -> UInt64 {
        var hash = SipHash(key: key)
        let bytes = (0..<count).map { UInt8($0) }
        hash.absorb(bytes.span, rounds: rounds)
        return hash.finish(rounds: finalRounds)
    }

    private static func hash(parts: [String], key: SipHash.Key = key) -> UInt64 {
        var hash = SipHash(key: key)
        for part in parts { hash.absorb(part: Array(part.utf8).span, rounds: 1) }
        return hash.finish(rounds: 3)
    }
}
