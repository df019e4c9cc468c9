import HTTPModel
import Testing

@testable import GatewayCore

struct DigestTests {
    private func matches(_ key: DigestKey, _ message: String, _ digest: Digest) -> Bool {
        key.matches(Array(message.utf8).span, digest)
    }

    @Test(arguments: [
        // RFC 4231 §4.2, §4.3 and §4.7 (a key longer than a block).
        (
            [UInt8](repeating: 0x0B, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func digestIsThatOfTheStandard(key: [UInt8], message: String, expected: String) {
        let digest = DigestKey(key.span).digest(Array(message.utf8).span)

        let text = digest.bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        #expect(text == expected)
    }

    @Test func aMessageMatchesItsOwnDigestOnly() {
        let key = DigestKey(Array("key".utf8).span)
        let digest = key.digest(Array("message".utf8).span)

        #expect(matches(key, "message", digest))
        #expect(!matches(key, "massage", digest))
        #expect(!matches(key, "message", .zero))
        #expect(!matches(DigestKey(Array("kez".utf8).span), "message", digest))
    }

    @Test func everyBitOfADigestCounts() throws {
        let key = DigestKey(Array("key".utf8).span)
        let bytes = key.digest(Array("message".utf8).span).bytes

        for bit in 0..<256 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let digest = try #require(Digest(changed))
            #expect(!matches(key, "message", digest), "bit \(bit)")
        }
    }

    @Test func onlyThirtyTwoBytesAreADigest() {
        #expect(Digest([UInt8](repeating: 1, count: 32))?.bytes == [UInt8](repeating: 1, count: 32))
        #expect(Digest([UInt8](repeating: 1, count: 31)) == nil)
        #expect(Digest([UInt8](repeating: 1, count: 33)) == nil)
    }

    @Test func subkeysOfTwoPurposesDiffer() {
        let root = DigestKey(Array("root".utf8).span)

        let first = root.subkey("first").withBytes { $0.array }
        let second = root.subkey("second").withBytes { $0.array }

        #expect(first.count == 32)
        #expect(first != second)
        #expect(first == root.subkey("first").withBytes { $0.array })
    }
}
