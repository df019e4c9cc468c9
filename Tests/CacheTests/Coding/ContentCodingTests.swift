import HTTPModel
import Testing

@testable import Cache

struct ContentCodingTests {
    @Test func theTagOfACodedAnswerEndsWithTheNameOfItsCoding() {
        for coding in ContentCoding.allCases {
            #expect("\(coding.tagEnd)" == "-\(coding.token)\"")
        }
    }
}
