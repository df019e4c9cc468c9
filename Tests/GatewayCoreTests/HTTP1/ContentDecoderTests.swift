import HTTPModel
import Testing

@testable import GatewayCore

struct ContentDecoderTests {
    private func steps(_ framing: ContentFraming, maximum: UInt64, _ pieces: [String]) -> [ContentStep] {
        var decoder = ContentDecoder(framing: framing, maximumContentBytes: maximum)
        return pieces.map { piece in
            let bytes = Array(piece.utf8)
            return decoder.next(bytes.span)
        }
    }

    @Test(arguments: [ContentFraming.none, .length(0)])
    func withoutContentTheNextRequestBeginsAtOnce(framing: ContentFraming) {
        #expect(steps(framing, maximum: 10, ["GET /"]) == [.finished(consumed: 0)])
    }

    @Test func aLengthTakesItsBytesAndNoMore() {
        let expected: [ContentStep] = [
            .content(ByteRange(start: 0, count: 3), consumed: 3), .needMore(consumed: 0),
            .content(ByteRange(start: 0, count: 2), consumed: 2), .finished(consumed: 0),
            .finished(consumed: 0),
        ]

        #expect(steps(.length(5), maximum: 5, ["abc", "", "deGET /", "GET /", ""]) == expected)
    }

    @Test func aLengthOverTheMaximumIsRefusedBeforeAnyByte() {
        #expect(
            steps(.length(6), maximum: 5, ["", "abc"]) == [
                .refused(.contentTooLarge), .refused(.contentTooLarge),
            ])
    }

    @Test func contentUntilTheEndOfTheConnectionIsBounded() {
        let expected: [ContentStep] = [
            .content(ByteRange(start: 0, count: 3), consumed: 3),
            .content(ByteRange(start: 0, count: 2), consumed: 2),
            .needMore(consumed: 0), .refused(.contentTooLarge),
        ]

        #expect(steps(.untilClose, maximum: 5, ["abc", "def", "", "f"]) == expected)
    }

    @Test func theBytesOfContentAreCountedWithoutTheirFraming() {
        var decoder = ContentDecoder(framing: .chunked, maximumContentBytes: 10)
        let bytes = Array("3;x\r\nabc\r\n".utf8)

        _ = decoder.next(bytes.span)

        let count = decoder.contentBytes
        #expect(count == 3)
    }
}
