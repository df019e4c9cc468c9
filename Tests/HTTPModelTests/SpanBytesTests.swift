import HTTPModel
import Testing

struct SpanBytesTests {
    @Test(arguments: [(0, 0x0706_0504_0302_0100), (3, 0x0A09_0807_0605_0403)] as [(Int, UInt64)])
    func theFirstByteIsTheLowest(offset: Int, expected: UInt64) {
        let bytes = [UInt8](0...10)

        #expect(bytes.span.word(at: offset) == expected)
    }

    @Test func aScanByWordsFindsTheFirstMarkOrStopsBeforeTheRest() {
        let bytes = [UInt8](repeating: 0, count: 21)
        for place in 0..<21 {
            for start in 0...21 {
                var marked = bytes
                marked[place] = 0x80
                let found = marked.span.firstMark(from: start) { $0 & 0x8080_8080_8080_8080 }
                let wordsEnd = start + (21 - start) / 8 * 8
                let isFound = place >= start && place < wordsEnd
                #expect(found.isMarked == isFound, "\(place) from \(start)")
                #expect(found.offset == (isFound ? place : wordsEnd), "\(place) from \(start)")
            }
        }
    }

    @Test(arguments: [UInt8(0), 0x0A, 0x20, 0x21, 0x5C, 0x7F])
    func theLowestMarkIsRight(byte: UInt8) {
        for other in 0...UInt8.max {
            for place in 0..<8 {
                var bytes = [UInt8](repeating: 0xFF, count: 8)
                bytes[place] = other
                let word = bytes.span.word(at: 0)
                let mark = UInt64(0x80) << UInt64(8 * place)

                #expect(word.marks(of: byte) == (other == byte ? mark : 0), "\(other) at \(place)")
                #expect(word.marks(below: byte) == (other < byte ? mark : 0), "\(other) at \(place)")
            }
        }
    }

    @Test func fourPiecesAreSixtyFourBytesInTheirOrder() {
        let bytes = [UInt8](0...80)

        let pieces = bytes.span.fourPieces(at: 17)

        for index in 0..<16 {
            #expect(pieces.0[index] == UInt8(17 + index))
            #expect(pieces.1[index] == UInt8(33 + index))
            #expect(pieces.2[index] == UInt8(49 + index))
            #expect(pieces.3[index] == UInt8(65 + index))
        }
    }

    @Test func aMaskHasTheBitOfEachOfItsBytes() {
        for place in 0..<16 {
            for other in 0..<16 {
                var bytes = SIMD16<UInt8>(repeating: 1)
                bytes[place] = 7
                bytes[other] = 7

                #expect((bytes .== SIMD16<UInt8>(repeating: 7)).bits == 1 << place | 1 << other)
            }
        }
    }
}
