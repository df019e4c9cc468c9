import HTTPModel
import Testing

@testable import GatewayCore

struct TokenTests {
    private let text: [UInt8]
    private let id: TokenID

    init() {
        var randomness = SystemRandomness()
        id = TokenID(randomness: &randomness)
        text = Token.make(id: id, randomness: &randomness).withBytes { $0.array }
    }

    private func parse(_ bytes: [UInt8]) -> TokenID? { Token.parse(bytes.span) }

    @Test func aTokenIsRecognizedAndNamesItsID() {
        #expect(text.count == Token.byteCount)
        #expect(text.starts(with: Array("kgw_1\(id.text)".utf8)))
        #expect(text.dropFirst(4).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
        #expect(parse(text) == id)
    }

    @Test func everyChangeOfOneCharacterIsRefused() {
        for index in text.indices {
            for byte in UInt8.min...UInt8.max where byte != text[index] {
                var changed = text
                changed[index] = byte
                #expect(parse(changed) == nil, "character \(index) changed to \(byte)")
            }
        }
    }

    @Test func everySwapOfNeighboursIsRefused() {
        for index in text.indices.dropLast() where text[index] != text[index + 1] {
            var changed = text
            changed.swapAt(index, index + 1)
            #expect(parse(changed) == nil, "characters \(index) and \(index + 1) swapped")
        }
    }

    @Test func everyCutAndEveryExtraCharacterIsRefused() {
        for count in 0..<text.count { #expect(parse(Array(text[..<count])) == nil) }
        #expect(parse(text + Array("0".utf8)) == nil)
        #expect(parse(Array(" ".utf8) + text) == nil)
    }

    @Test func randomStringsOfTheRightShapeAreRefused() {
        var randomness = SystemRandomness()
        let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)

        for _ in 0..<10_000 {
            let guess =
                Array("kgw_1".utf8) + (0..<50).map { _ in alphabet.randomElement(using: &randomness) ?? 0 }
            #expect(parse(guess) == nil)
        }
    }

    @Test func anotherVersionIsRefused() {
        var other = text
        other[4] = UInt8(ascii: "2")
        // With a checksum that fits, so that the version alone is to blame.
        var checksum: [UInt8] = []
        Base36.append(UInt64(TokenChecksum.crc32(other.span.extracting(0..<48))), digits: 7, to: &checksum)
        other.replaceSubrange(48..., with: checksum)

        #expect(parse(other) == nil)
    }

    @Test func twoTokensDifferInIDAndSecret() {
        var randomness = SystemRandomness()
        let other = Token.make(id: id, randomness: &randomness).withBytes { $0.array }

        #expect(other[5..<17] == text[5..<17])
        #expect(other[17..<48] != text[17..<48])
        #expect(TokenID(randomness: &randomness) != id)
    }

    @Test(arguments: ["000000000000", "zzzzzzzzzzzz", "k3v9a0b1c2d3"])
    func anIDReadsBackAsItIsWritten(text: String) {
        #expect(TokenID(text)?.text == text)
    }

    @Test(arguments: ["", "k3v9a0b1c2d", "k3v9a0b1c2d34", "K3v9a0b1c2d3", "k3v9a0b1c2d-", "k3v9a0b1c2dé"])
    func anythingElseIsNoID(text: String) {
        #expect(TokenID(text) == nil)
    }
}
