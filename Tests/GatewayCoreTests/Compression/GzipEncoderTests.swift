import HTTPModel
import Testing

@testable import GatewayCore

struct GzipEncoderTests {
    private static let text = Array(
        (0..<4_000).map { "{\"id\":\"vs_\($0)\",\"status\":\"created\"}" }.joined(separator: ",").utf8)

    private func encode(_ bytes: [UInt8], pieceBytes: Int, level: Int = 6, times: Int = 1) -> [UInt8]? {
        var encoder = GzipEncoder(level: level)
        var output: [UInt8] = []
        for _ in 0..<times {
            output = []
            guard encoder?.begin() == true else { return nil }
            var start = 0
            repeat {
                let end = min(start + pieceBytes, bytes.count)
                let isLast = end == bytes.count
                guard
                    encoder?.encode(bytes.span.extracting(start..<end), isLast: isLast, into: &output)
                        == true
                else { return nil }
                start = end
            } while start < bytes.count
        }
        return output
    }

    @Test(arguments: [1, 100, 32_768, 1 << 20])
    func whatIsEncodedInPiecesIsDecodedAgain(pieceBytes: Int) throws {
        let encoded = try #require(encode(Self.text, pieceBytes: pieceBytes))

        #expect(Decoding.gzip(encoded) == Self.text)
        #expect(encoded.count < Self.text.count / 4)
    }

    @Test func whatCannotBeMadeSmallerIsEncodedAllTheSame() throws {
        var randomness = SystemRandomness()
        let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &randomness) }

        #expect(try Decoding.gzip(#require(encode(noise, pieceBytes: 32_768))) == noise)
        #expect(try Decoding.gzip(#require(encode([], pieceBytes: 1))) == [])
    }

    @Test func oneEncoderMakesTheSameBytesAgainAndAgain() {
        #expect(
            encode(Self.text, pieceBytes: 1_000, times: 3) == encode(Self.text, pieceBytes: 1_000))
    }

    @Test(arguments: 1...9) func everyLevelWorks(level: Int) throws {
        let encoded = try #require(encode(Self.text, pieceBytes: 32_768, level: level))
        #expect(Decoding.gzip(encoded) == Self.text)
    }
}
