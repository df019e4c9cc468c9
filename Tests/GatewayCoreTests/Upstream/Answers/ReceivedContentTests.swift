import HTTPModel
import Testing

@testable import GatewayCore

struct ReceivedContentTests {
    private static let text = Array("a page, a page, a page".utf8)

    private static func chunked(_ bytes: [UInt8]) -> [UInt8] {
        let middle = bytes.count / 2
        let parts = [bytes[..<middle], bytes[middle...]]
        return parts.flatMap { Array("\(String($0.count, radix: 16))\r\n".utf8) + $0 + Array("\r\n".utf8) }
            + Array("0\r\n\r\n".utf8)
    }

    private struct Taken: Equatable {
        var content: [UInt8] = []
        var defect: ResponseDefect?
        var isWhole = false
        var isDecoded = false
    }

    private func take(
        _ bytes: [UInt8], framing: ContentFraming, isGzip: Bool, pieceBytes: Int = 1
    ) -> Taken {
        var received = ReceivedContent(framing: framing, isGzip: isGzip)
        var content = ByteBuffer()
        var taken = Taken()
        var start = 0
        while start < bytes.count, taken.defect == nil {
            let end = min(start + pieceBytes, bytes.count)
            taken.defect = received.take(bytes.span.extracting(start..<end), into: &content)
            start = end
        }
        taken.content = content.withBytes { $0.array }
        taken.isWhole = received.isWhole
        taken.isDecoded = received.isDecoded
        return taken
    }

    @Test(arguments: [1, 3, 1_000], [false, true])
    func contentIsTheSameHoweverItIsFramedCodedAndCut(pieceBytes: Int, isGzip: Bool) {
        let sent = isGzip ? Encoding.gzip(Self.text) : Self.text
        let whole = Taken(content: Self.text, isWhole: true, isDecoded: true)
        var untilClose = whole
        untilClose.isWhole = false

        #expect(
            take(sent, framing: .length(UInt64(sent.count)), isGzip: isGzip, pieceBytes: pieceBytes) == whole)
        #expect(
            take(Self.chunked(sent), framing: .chunked, isGzip: isGzip, pieceBytes: pieceBytes) == whole)
        #expect(take(sent, framing: .untilClose, isGzip: isGzip, pieceBytes: pieceBytes) == untilClose)
    }

    @Test func aLengthThatEndsBeforeTheGzipDoesIsNotDecoded() {
        let sent = Encoding.gzip(Self.text).dropLast()
        let taken = take(Array(sent), framing: .length(UInt64(sent.count)), isGzip: true)

        #expect(taken.isWhole && !taken.isDecoded)
    }

    @Test func whatGrowsLikeABombIsRefused() {
        let sent = Encoding.gzip([UInt8](repeating: 0, count: 1 << 24))
        let taken = take(sent, framing: .length(UInt64(sent.count)), isGzip: true, pieceBytes: 16_384)

        #expect(taken.defect == .contentCoding)
        #expect(taken.content.count < 128 * 16_384 + 65_536)
    }

    @Test(arguments: [
        (ContentFraming.length(9), true, ContentFraming.chunked), (.chunked, true, .chunked),
        (.untilClose, true, .untilClose), (.length(9), false, .length(9)), (.none, false, .none),
    ])
    func decodedContentHasNoKnownLength(wire: ContentFraming, isGzip: Bool, shown: ContentFraming) {
        let received = ReceivedContent(framing: wire, isGzip: isGzip)

        #expect(received.framing == shown)
        #expect(received.wireFraming == wire)
    }

    @Test(arguments: [
        (["Content-Encoding: gzip"], true), (["Content-Encoding: X-GZIP"], true),
        (["Content-Encoding: br"], false), (["Content-Encoding: gzip, gzip"], false),
        (["Content-Encoding: gzip", "Content-Encoding: gzip"], false), ([], false),
    ])
    func onlyPlainGzipIsTakenOff(lines: [String], isGzip: Bool) {
        #expect(Self.head(lines).saysGzip == isGzip)
    }

    @Test func theHeadOfADecodedAnswerSaysNothingOfTheCodedOne() {
        let head = Self.head([
            "Content-Type: text/plain", "Content-Encoding: gzip", "Content-Length: 9", "ETag: \"a\"",
            "Vary: Origin",
        ]).decoded()

        #expect(head.fields.count == 3)
        #expect(head.firstText(of: .contentType) == "text/plain")
        #expect(head.firstText(of: .eTag) == "W/\"a\"")
        #expect(Self.head(["ETag: W/\"a\""]).decoded().firstText(of: .eTag) == "W/\"a\"")
    }

    private static func head(_ lines: [String]) -> ResponseHead {
        var head = ResponseHead(status: .ok)
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            head.append(
                name: Array(parts[0].utf8).span, value: Array(parts[1].dropFirst().utf8).span)
        }
        return head
    }
}
