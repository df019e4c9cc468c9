import HTTPModel
import Testing

struct SpanBytesTests {
    @Test(arguments: [(0, 0x0706_0504_0302_0100), (3, 0x0A09_0807_0605_0403)] as [(Int, UInt64)])
    func theFirstByteIsTheLowest(offset: Int, expected: UInt64) {
        let bytes = [UInt8](0...10)

        #expect(bytes.span.word(at: offset) == expected)
    }
}
