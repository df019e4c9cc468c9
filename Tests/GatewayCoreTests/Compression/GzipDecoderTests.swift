import HTTPModel
import Testing

@testable import GatewayCore

struct GzipDecoderTests {
    private static let text = Array(
        (0..<4_000).map { "{\"id\":\"vs_\($0)\",\"status\":\"created\"}" }.joined(separator: ",").utf8)

    /// Decodes in pieces until one is refused.
    private func decode(
        _ bytes: [UInt8], pieceBytes: Int = .max, maximumBytes: Int = 1 << 24
    ) -> (outcome: GzipDecoder.Outcome, content: [UInt8]) {
        guard var decoder = GzipDecoder() else { preconditionFailure("zlib has no memory") }
        var content = ByteBuffer()
        var outcome = GzipDecoder.Outcome.decoded(isAtEnd: false)
        var start = 0
        while start < bytes.count, outcome != .malformed, outcome != .tooLarge {
            let end = start + min(pieceBytes, bytes.count - start)
            outcome = decoder.decode(
                bytes.span.extracting(start..<end), into: &content, maximumBytes: maximumBytes)
            start = end
        }
        return (outcome, content.withBytes { $0.array })
    }

    @Test(arguments: [1, 7, 1_000, Int.max])
    func aMemberIsDecodedFromPiecesOfAnySize(pieceBytes: Int) {
        let decoded = decode(Encoding.gzip(Self.text), pieceBytes: pieceBytes)

        #expect(decoded.outcome == .decoded(isAtEnd: true))
        #expect(decoded.content == Self.text)
    }

    @Test func anEmptyMemberIsWhole() {
        let decoded = decode(Encoding.gzip([]))

        #expect(decoded.outcome == .decoded(isAtEnd: true) && decoded.content.isEmpty)
    }

    @Test(arguments: [1, Int.max])
    func membersMayFollowEachOther(pieceBytes: Int) {
        let both = Encoding.gzip(Array("one, ".utf8)) + Encoding.gzip(Array("two".utf8))
        let decoded = decode(both, pieceBytes: pieceBytes)

        #expect(decoded.outcome == .decoded(isAtEnd: true))
        #expect(decoded.content == Array("one, two".utf8))
    }

    @Test func aCutMemberIsNotWhole() {
        let member = Encoding.gzip(Self.text)

        for missing in [1, 8, 9, member.count / 2, member.count - 10, member.count - 1] {
            let count = member.count - missing
            let decoded = decode(Array(member.prefix(count)))
            #expect(decoded.outcome == .decoded(isAtEnd: false), "\(count) bytes")
        }
    }

    @Test func whatIsNotGzipIsRefused() {
        let member = Encoding.gzip(Self.text)
        var badHead = member
        badHead[1] = 0
        var badBlock = member
        badBlock[10] = 0xFF
        var badChecksum = member
        badChecksum[member.count - 8] ^= 1
        var badLength = member
        badLength[member.count - 4] ^= 1

        for bytes in [badHead, badBlock, badChecksum, badLength, member + [0, 0], Self.text] {
            #expect(decode(bytes, pieceBytes: 100).outcome == .malformed)
        }
    }

    @Test func nothingMuchIsDecodedBeyondTheBound() {
        let bomb = Encoding.gzip([UInt8](repeating: 0, count: 1 << 22))

        let decoded = decode(bomb, maximumBytes: 100_000)

        #expect(bomb.count < 5_000)
        #expect(decoded.outcome == .tooLarge)
        #expect(decoded.content.count < 200_000)
    }
}
