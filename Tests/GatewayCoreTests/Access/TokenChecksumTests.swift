import HTTPModel
import Testing

@testable import GatewayCore

struct TokenChecksumTests {
    private func checksum(_ bytes: [UInt8]) -> UInt32 { TokenChecksum.crc32(bytes.span) }

    @Test func checksumIsThatOfTheStandard() {
        #expect(checksum(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(checksum([]) == 0)
    }

    @Test func tableIsThatOfThePolynomial() {
        for byte in UInt8.min...UInt8.max {
            // Bit by bit, by the definition.
            var remainder = 0xFFFF_FFFF ^ UInt32(byte)
            for _ in 0..<8 { remainder = remainder & 1 == 0 ? remainder >> 1 : remainder >> 1 ^ 0xEDB8_8320 }

            #expect(checksum([byte]) == ~remainder, "byte \(byte)")
        }
    }
}
