import Foundation
import HTTPModel
import Testing

@testable import GatewayCore

struct LogTextTests {
    private func escaped(_ bytes: [UInt8]) -> String {
        var buffer = ByteBuffer()
        LogText.append(escaping: bytes.span, to: &buffer)
        return buffer.withBytes { $0.text }
    }

    @Test(arguments: [
        ("plain /v1/sessions?limit=1", "plain /v1/sessions?limit=1"), ("a\"b\\c", #"a\"b\\c"#),
        ("\u{0}\n\u{1b}[31m\u{7f}", #"\u0000\u000a\u001b[31m\u007f"#), ("grüße 世界 🎉", "grüße 世界 🎉"),
        ("\u{9b}31m\u{2028}\u{2029}", #"\u009b31m\u2028\u2029"#), ("", ""),
    ])
    func textIsEscapedForALogLine(text: String, expected: String) {
        #expect(escaped(Array(text.utf8)) == expected)
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5], [0x80], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x8E],
        ] as [[UInt8]])
    func whatIsNotUTF8BecomesReplacementCharacters(bytes: [UInt8]) {
        let expected = "a" + String(repeating: #"\ufffd"#, count: bytes.count) + "b"

        #expect(escaped([0x61] + bytes + [0x62]) == expected)
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>)
    func aByteIsPlainOrEscapedWhereverItStands(byte: UInt8) {
        let isPlain = (0x20..<0x7F).contains(byte) && byte != 0x22 && byte != 0x5C
        for count in [1, 7, 8, 9, 16, 19] {
            for position in 0..<count {
                var bytes = [UInt8](repeating: 0x7E, count: count)
                bytes[position] = byte

                let text = escaped(bytes)

                #expect((text.utf8.count == count) == isPlain, "byte \(byte) at \(position) of \(count)")
            }
        }
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func anyBytesMakeOneLineOfValidJSON(seed: UInt64) throws {
        var numbers = SeededNumbers(state: seed)
        for _ in 0..<500 {
            let bytes = (0..<40).map { _ in UInt8.random(in: 0...255, using: &numbers) }

            let line = "{\"text\":\"\(escaped(bytes))\"}"

            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            #expect(object?["text"] != nil, "seed \(seed) \(bytes)")
            #expect(!line.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) })
        }
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00"), (1_795_474_620, "2026-11-23T22:57:00"),
            (951_827_696, "2000-02-29T12:34:56"),
        ] as [(Int64, String)])
    func timeIsISO8601(unixSeconds: Int64, expected: String) {
        var buffer = ByteBuffer()
        LogText.append(unixSeconds: unixSeconds, to: &buffer)
        #expect(buffer.withBytes { $0.text } == expected)
    }
}
