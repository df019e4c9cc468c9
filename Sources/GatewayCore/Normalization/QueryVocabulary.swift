import HTTPModel

/// Every name, word and prefix of a query model, back to back in one array of bytes.
struct QueryVocabulary: Sendable {
    /// The texts.
    private(set) var bytes: [UInt8] = []
    /// Where the words of choices and the prefixes of cursors stand; a rule holds a range of indices.
    private(set) var words: [ByteRange] = []

    /// Stores a text and returns where it stands.
    mutating func add(_ text: String) -> ByteRange {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return ByteRange(from: start, to: bytes.count)
    }

    /// Stores words and returns their indices.
    mutating func addWords(_ texts: [String]) -> Range<Int> {
        let start = words.count
        for text in texts { words.append(add(text)) }
        return start..<words.count
    }

    /// Whether one of the words is exactly this text.
    func contains(_ text: Span<UInt8>, in indices: Range<Int>) -> Bool {
        let bytes = bytes.span
        let words = words.span
        for index in indices where bytes.extracting(words[index].range).equals(text) { return true }
        return false
    }

    /// Whether the text is one of the words with exactly `length` characters of the alphabet behind it.
    func matches(
        _ text: Span<UInt8>, prefixes: Range<Int>, alphabet: ASCIISet, length: Int
    ) -> Bool {
        guard text.count >= length, contains(text.extracting(droppingLast: length), in: prefixes) else {
            return false
        }
        for index in (text.count - length)..<text.count where !alphabet.contains(text[index]) { return false }
        return true
    }
}

extension String {
    /// Whether the text needs no percent-encoding at all: what the gateway writes back is then what was
    /// declared.
    var isUnreserved: Bool { utf8.allSatisfy(ASCIISet.unreserved.contains) }
}
