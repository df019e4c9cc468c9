import HTTPModel
import Testing

@testable import GatewayCore

struct Base64URLTests {
    private func decode(_ text: String) -> [UInt8]? { Base64URL.decode(Array(text.utf8).span) }

    @Test(arguments: [
        // RFC 4648 §10, without padding; and the two letters that differ from plain Base64.
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"), ("~~~???", "fn5-Pz8_"),
    ])
    func textIsThatOfTheStandard(bytes: String, text: String) {
        #expect(Base64URL.encode(Array(bytes.utf8)) == Array(text.utf8))
        #expect(decode(text) == Array(bytes.utf8))
    }

    @Test func everyLengthReadsBack() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ count) }
            #expect(decode(String(decoding: Base64URL.encode(bytes), as: UTF8.self)) == bytes)
        }
    }

    @Test(arguments: ["Z", "Zm9vY", "Zh", "Zm9", "Zg==", "Zm9v\n", "Zm 9v", "Zm+v", "Zm/v", "Zmé"])
    func anotherSpellingIsRefused(text: String) {
        #expect(decode(text) == nil)
    }
}
