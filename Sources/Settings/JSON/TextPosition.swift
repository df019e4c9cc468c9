/// A place in a text, as editors count: both numbers start at 1, and a column is one Unicode scalar.
public struct TextPosition: Sendable, Hashable {
    /// The line.
    public let line: Int
    /// The character within the line.
    public let column: Int

    /// Where a value stands that was made by the program instead of read from a text.
    public static let nowhere = TextPosition(line: 0, column: 0)

    /// Makes a position from its parts.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}
