import HTTPModel
import Testing

@testable import GatewayCore

struct PathNormalizerTests {
    @Test func anUnchangedPathIsNotCopied() {
        var output = ByteBuffer()

        let answer = PathNormalizer.normalize(Array("/v1/sessions".utf8).span, into: &output)

        let capacity = output.capacity
        #expect(answer == .unchanged)
        #expect(capacity == 0)
    }

    @Test func theOutputHoldsNothingOfTheRequestBefore() {
        var output = ByteBuffer()
        output.append("/before")

        let answer = PathNormalizer.normalize(Array("/%61".utf8).span, into: &output)

        let text = output.withBytes { $0.text }
        #expect(answer == .rewritten)
        #expect(text == "/a")
    }

    @Test func aRefusedPathLeavesNothingBehind() {
        var output = ByteBuffer()

        let answer = PathNormalizer.normalize(Array("/a/%61/../../..".utf8).span, into: &output)

        let isEmpty = output.isEmpty
        #expect(answer == .refused(.climbsAboveRoot))
        #expect(isEmpty)
    }

    @Test func everyRefusalHasItsOwnSentence() {
        let sentences = Set(PathRefusal.allCases.map { "\($0.sentence)" })

        #expect(sentences.count == PathRefusal.allCases.count)
    }

    @Test func aPathOfManySegmentsThatAllVanishIsTheRoot() {
        let path = String(repeating: "/a/..", count: 4_000)
        var output = ByteBuffer()

        let answer = PathNormalizer.normalize(Array(path.utf8).span, into: &output)

        let text = output.withBytes { $0.text }
        #expect(answer == .rewritten)
        #expect(text == "/")
    }
}
