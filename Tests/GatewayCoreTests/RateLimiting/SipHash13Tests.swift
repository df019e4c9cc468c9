import HTTPModel
import Testing

@testable import GatewayCore

struct SipHash13Tests {
    /// Vectors of the algorithm's authors: key 00 01 … 0f, message 00 01 … (n-1).
    @Test(arguments: [
        (0, 0xabac_0158_050f_c4dc as UInt64), (1, 0x3690_9511_8d29_9a8e), (2, 0xcc4f_dd1a_7d90_8b66),
    ])
    func referenceVectorsAreMet(wordCount: Int, expected: UInt64) {
        var hash = SipHash13(key: SipHash13.Key(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))

        for word in 0..<wordCount {
            hash.absorb(0x0706_0504_0302_0100 &+ 0x0808_0808_0808_0808 &* UInt64(word))
        }

        #expect(hash.finish() == expected)
    }

    @Test func textsThatOnlyJoinAlikeHaveDifferentHashes() {
        #expect(hash(["ab", "c"]) != hash(["a", "bc"]))
        #expect(hash(["a"]) != hash(["a\0"]))
        #expect(hash(["12345678", ""]) != hash(["12345678"]))
    }

    private func hash(_ texts: [String]) -> UInt64 {
        var hash = SipHash13(key: SipHash13.Key(1, 2))
        for text in texts { hash.absorb(Array(text.utf8).span) }
        return hash.finish()
    }
}
