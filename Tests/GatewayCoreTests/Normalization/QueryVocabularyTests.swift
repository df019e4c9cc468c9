import HTTPModel
import Testing

@testable import GatewayCore

struct QueryVocabularyTests {
    @Test func wordsAreFoundInTheirOwnRangeOnly() {
        var vocabulary = QueryVocabulary()

        let first = vocabulary.addWords(["asc", "desc"])
        let second = vocabulary.addWords(["open"])

        #expect(Self.contains("desc", in: first, of: vocabulary))
        #expect(Self.contains("open", in: second, of: vocabulary))
        #expect(!Self.contains("open", in: first, of: vocabulary))
        #expect(!Self.contains("des", in: first, of: vocabulary))
        #expect(!Self.contains("", in: first, of: vocabulary))
    }

    @Test(arguments: [
        ("a_01", true), ("b_10", true), ("a_0", false), ("a_011", false), ("c_01", false), ("a_02", false),
        ("01", false), ("", false), ("a_", false), ("a_a_01", false),
    ])
    func aShapeIsAPrefixAndExactlySoManyCharacters(text: String, isHeld: Bool) {
        var vocabulary = QueryVocabulary()
        let prefixes = vocabulary.addWords(["a_", "b_"])
        _ = vocabulary.addAlphabet("23")
        let alphabet = vocabulary.addAlphabet("01")

        let answer = vocabulary.holds(
            Array(text.utf8).span, prefixes: prefixes, alphabet: alphabet, length: 2)

        #expect(answer == isHeld)
    }

    private static func contains(_ text: String, in words: Range<Int>, of vocabulary: QueryVocabulary) -> Bool
    {
        vocabulary.contains(Array(text.utf8).span, in: words)
    }
}
