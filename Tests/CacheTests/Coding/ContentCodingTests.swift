import HTTPModel
import Testing

@testable import Cache

struct ContentCodingTests {
    @Test(arguments: [
        (ContentCoding.gzip, "\"abc\"", "\"abc-gzip\""), (.zstd, "\"\"", "\"-zstd\""), (.gzip, "", ""),
    ])
    func theTagOfACodedAnswerIsMadeFromThePlainOnes(coding: ContentCoding, plain: String, tag: String) {
        var bytes: [UInt8] = []

        coding.appendTag(from: Array(plain.utf8).span, to: &bytes)

        #expect(String(decoding: bytes, as: UTF8.self) == tag)
    }
}
