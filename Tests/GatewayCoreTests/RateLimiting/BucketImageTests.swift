import Testing

@testable import GatewayCore

struct BucketImageTests {
    @Test func numbersComeBackAsTheyWere() {
        let words: [UInt64] = [0, 1, .max, 0x0123_4567_89AB_CDEF]

        #expect(BucketImage.words(BucketImage.bytes(words)) == words)
        #expect(BucketImage.bytes([0x0102]) == [2, 1, 0, 0, 0, 0, 0, 0])
    }

    @Test func aPieceOfANumberIsNone() {
        #expect(BucketImage.words([1, 2, 3]) == nil)
        #expect(BucketImage.words([]) == [])
    }
}
