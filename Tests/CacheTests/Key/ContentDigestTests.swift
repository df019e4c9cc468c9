import HTTPModel
import Testing

@testable import Cache

struct ContentDigestTests {
    /// The key 00 01 … 0f of the published vectors.
    private let key = SipHash.Key(0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)

    @Test func theEmptyInputHasThePublishedDigest() {
        let digest = ContentDigest([UInt8]().span, key: key, rounds: 2, finalRounds: 4)

        // vectors_sip128[0]: a3 81 7f 04 ba 25 a8 e6 6d f6 72 14 c7 55 02 93
        #expect(digest.high == 0xE6A8_25BA_047F_81A3)
        #expect(digest.low == 0x9302_55C7_1472_F66D)
    }

    @Test func oneZeroByteHasThePublishedDigest() {
        let digest = ContentDigest([UInt8(0)].span, key: key, rounds: 2, finalRounds: 4)

        // vectors_sip128[1]: da 87 c1 d8 6b 99 af 44 34 76 59 11 9b 22 fc 45
        #expect(digest.high == 0x44AF_996B_D8C1_87DA)
        #expect(digest.low == 0x45FC_229B_1159_7634)
    }

    @Test func everyLengthAndEveryByteCounts() {
        var seen: Set<ContentDigest> = []
        for count in 0..<64 {
            var bytes = [UInt8](repeating: 0, count: count)
            seen.insert(ContentDigest(bytes.span))
            for index in 0..<count {
                bytes[index] = 1
                seen.insert(ContentDigest(bytes.span))
                bytes[index] = 0
            }
        }

        #expect(seen.count == 64 + 64 * 63 / 2)
    }

    @Test func theEntityTagIsQuotedHexadecimal() {
        var bytes: [UInt8] = []
        ContentDigest([1, 2, 3].span).appendETag(to: &bytes)

        #expect(bytes.count == ContentDigest.eTagByteCount)
        #expect(bytes.first == 0x22 && bytes.last == 0x22)
        let isHexadecimal = bytes.dropFirst().dropLast().allSatisfy {
            Character(UnicodeScalar($0)).isHexDigit
        }
        #expect(isHexadecimal)
    }
}
