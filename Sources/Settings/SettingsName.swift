/// The shapes of names that occur in settings, and which known name somebody may have meant.
public enum SettingsName {
    /// Whether the text is 1 to 64 of `A-Z a-z 0-9 . _ -`: safe in a log line, a metric label and a header
    /// field.
    public static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D }
    }

    /// Whether the text can name an environment variable.
    public static func isEnvironmentVariable(_ text: String) -> Bool {
        guard let first = text.utf8.first, (1...255).contains(text.utf8.count) else { return false }
        return first &- 0x30 >= 10 && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x5F }
    }

    /// Whether the text can be a path. A NUL would end it early inside a system call.
    public static func isPath(_ text: String) -> Bool {
        (1...4096).contains(text.utf8.count) && !text.utf8.contains(0)
    }

    /// The known word closest to an unknown one, if it is close enough to be a slip of the hand.
    ///
    /// Costs the product of the lengths per known word; words over 64 characters have no neighbours.
    static func closest(to word: String, among known: [String]) -> String? {
        let allowedEdits = word.count < 5 ? 1 : 2
        guard word.count <= 64 else { return nil }
        let candidates = known.map { (word: $0, edits: edits(Array(word), Array($0))) }
        return candidates.filter { $0.edits <= allowedEdits }.min { $0.edits < $1.edits }?.word
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
    private static func edits(_ source: [Character], _ target: [Character]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...target.count)
        for row in source.indices {
            var current = [row + 1]
            for column in target.indices {
                let isSame = source[row] == target[column]
                var best = min(
                    previous[column] + (isSame ? 0 : 1), previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, source[row] == target[column - 1], source[row - 1] == target[column] {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[target.count]
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
    }
}
