import HTTPModel
import Testing

@testable import GatewayCore

struct PercentTripletTests {
    @Test(arguments: UInt8.min...UInt8.max)
    func aByteSurvivesBeingEncodedAndDecoded(byte: UInt8) {
        var output = ByteBuffer()

        PercentTriplet.append(byte, to: &output)

        let text = output.withBytes { $0.array }
        #expect(Self.byte(at: 0, of: text) == byte)
        #expect(text == Array(String(decoding: text, as: UTF8.self).uppercased().utf8))
    }

    @Test(arguments: ["", "%", "%4", "41", "%4g", "%g4", "%+1", "%%1", "% 1"])
    func anythingElseIsNoTriplet(text: String) {
        #expect(Self.byte(at: 0, of: Array(text.utf8)) == nil)
    }

    @Test func bothCasesOfDigitsAreRead() {
        let text = Array("%aF%Fa".utf8)

        #expect(Self.byte(at: 0, of: text) == 0xAF)
        #expect(Self.byte(at: 3, of: text) == 0xFA)
    }

    private static func byte(at index: Int, of text: [UInt8]) -> UInt8? {
        PercentTriplet.byte(at: index, of: text.span)
    }
}
