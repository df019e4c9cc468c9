import HTTPModel
import Testing

@testable import GatewayCore

struct ChunkedContentTests {
    /// Decodes pieces one after the other; the last outcome and what was decoded.
    private func decode(_ pieces: [[UInt8]]) -> (ChunkedContent.Outcome, String) {
        var decoder = ChunkedContent()
        var target = ByteBuffer()
        var outcome = ChunkedContent.Outcome.more
        for piece in pieces {
            outcome = decoder.decode(piece.span, into: &target)
            if case .refused = outcome { break }
        }
        return (outcome, target.withBytes { $0.text })
    }

    private static let whole = "5\r\nhello\r\n00a;x=\"y\";z\r\n0123456789\r\n0\r\nX: 1\r\nY:2\r\n\r\n"

    @Test func anyCutDecodesAlike() {
        let bytes = Array(Self.whole.utf8)
        for cut in 0...bytes.count {
            let (outcome, text) = decode([Array(bytes[..<cut]), Array(bytes[cut...])].filter { !$0.isEmpty })
            #expect(outcome == .end, "cut at \(cut)")
            #expect(text == "hello0123456789", "cut at \(cut)")
        }
    }

    @Test func oneByteAtATimeDecodesAlike() {
        let (outcome, text) = decode(Array(Self.whole.utf8).map { [$0] })
        #expect(outcome == .end)
        #expect(text == "hello0123456789")
    }

    @Test func everyShorterPartIsNotTheEnd() {
        let bytes = Array(Self.whole.utf8)
        for count in 1..<bytes.count {
            #expect(decode([Array(bytes[..<count])]).0 == .more, "\(count) bytes")
        }
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "+1\r\n", " 1\r\n", "0x1\r\n", "1 \r\n", "1\n", "1\rx", "1\r\r\n",
        "1;a\nb",
        "1;a\0\r\n", "1\r\naa\r\n", "1\r\na\n", "1\r\na\r\r", "1000000000000000\r\n", "0\r\n\n",
        "0\r\n X: 1\r\n",
        "0\r\nX: 1\n", "0\r\n\r\r", ";\r\n",
    ])
    func whatTheGrammarDoesNotAllowIsRefused(text: String) {
        #expect(decode([Array(text.utf8)]).0 == .refused(.chunk))
    }

    @Test func aByteBehindTheEndIsRefusedInTheSamePieceAndInTheNext() {
        #expect(decode([Array("0\r\n\r\nH".utf8)]).0 == .refused(.bytesAfterEnd))
        #expect(decode([Array("0\r\n\r\n".utf8), Array("H".utf8)]).0 == .refused(.bytesAfterEnd))
    }

    @Test(arguments: ["1;", "0\r\nX: "])
    func endlessExtensionsAndTrailersAreRefused(start: String) {
        let flood = Array(start.utf8) + [UInt8](repeating: 0x61, count: 10_000)
        #expect(decode([flood]).0 == .refused(.chunk))
    }
}
