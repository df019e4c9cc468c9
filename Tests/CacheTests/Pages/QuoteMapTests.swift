import HTTPModel
import Testing

@testable import Cache

struct QuoteMapTests {
    /// Texts of these many bytes have whole words, a rest, or less than one.
    private static let counts = [0, 1, 15, 16, 63, 64, 65, 100, 127, 128, 150]

    @Test(arguments: counts) func eachQuoteHasItsBit(count: Int) {
        for place in 0..<count {
            var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: count)
            bytes[place] = 0x22
            bytes[count - 1] = 0x22

            let map = QuoteMap(bytes.span)

            #expect(map.words.count == (count + 63) / 64)
            for index in 0..<(map.words.count * 64) {
                let isSet = map.words[index / 64] >> UInt64(index % 64) & 1 == 1
                #expect(isSet == (index < count && bytes[index] == 0x22), "\(index) of \(count)")
            }
        }
    }

    @Test(arguments: counts) func aBackslashOrAControlCharacterAnywhereIsSeen(count: Int) {
        for place in 0..<count {
            for byte in [0, 0x0A, 0x1F, 0x20, 0x22, 0x5B, 0x5C, 0x5D, 0x7F, 0x80, 0xFF] as [UInt8] {
                var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: count)
                bytes[place] = byte

                let map = QuoteMap(bytes.span)

                #expect(map.isPlain == (byte >= 0x20 && byte != 0x5C), "\(byte) at \(place)")
                #expect(map.isASCII == (byte < 0x80), "\(byte) at \(place)")
            }
        }
    }

    @Test func aPlaceGoesFromStringToString() {
        let text = "\"a\",\"\",\"" + String(repeating: "b", count: 200) + "\",\"c"
        var place = QuotePlace()
        let map = QuoteMap(Array(text.utf8).span)

        var ends: [Int?] = []
        for _ in 0..<4 { ends.append(place.endOfString(map.words.span)) }

        #expect(ends == [3, 6, 209, nil])
    }
}
