import HTTPModel

/// Every name, word and prefix of a query model, back to back in one array of bytes, and its alphabets.
struct QueryVocabulary: Sendable {
    /// The texts.
    private(set) var bytes: [UInt8] = []
    // Where the words of choices and the prefixes of cursors stand.
    private var words: [ByteRange] = []
    // 256 entries for each alphabet, nonzero for its characters.
    private var alphabets: [UInt8] = []

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

    /// Stores a set of characters and returns where its table stands.
    mutating func addAlphabet(_ characters: String) -> Range<Int> {
        let start = alphabets.count
        alphabets.append(contentsOf: repeatElement(0, count: 256))
        for byte in characters.utf8 { alphabets[start + Int(byte)] = 1 }
        return start..<alphabets.count
    }

    /// Whether one of the words is exactly this text.
    func contains(_ text: Span<UInt8>, in indices: Range<Int>) -> Bool {
        let bytes = bytes.span
        let words = words.span
        for index in indices where bytes.extracting(words[index].range).equals(text) { return true }
        return false
    }

    /// Whether the text is one of the prefixes with exactly `length` characters of the alphabet behind it.
    func holds(_ text: Span<UInt8>, prefixes: Range<Int>, alphabet: Range<Int>, length: Int) -> Bool {
        guard text.count >= length, contains(text.extracting(droppingLast: length), in: prefixes) else {
            return false
        }
        let rest = text.extracting(droppingFirst: text.count - length)
        let table = alphabets.span.extracting(alphabet)
        for index in 0..<rest.count where table[Int(rest[index])] == 0 { return false }
        return true
    }
}

extension String {
    /// Whether the text needs no percent-encoding at all: what the gateway writes back is what was declared.
    var isUnreserved: Bool { utf8.allSatisfy(TargetByte.isUnreserved) }
}
