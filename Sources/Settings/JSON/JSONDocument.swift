/// A JSON text (RFC 8259) as a tree that remembers where every value and every key was written.
///
/// Configuration is read by people who make mistakes, so the tree keeps what a message needs: line and
/// column, the order of members, and the spelling of numbers. Strict: nothing outside the grammar is taken, a
/// key that occurs twice is a mistake, and so are bytes that are not UTF-8.
public struct JSONDocument: Sendable, Equatable {
    /// The outermost value.
    public let root: JSONValue

    /// Reads a whole text. Takes time and memory linear in its size.
    public init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONMistake) {
        var reader = JSONReader(bytes, limits: limits)
        root = try reader.readDocument()
    }
}

/// How large a JSON text may be.
public struct JSONLimits: Sendable, Hashable {
    /// Bytes of the whole text [1 MiB].
    public var maximumBytes = 1_048_576
    /// Containers inside each other [32]. Reading uses the stack once per level.
    public var maximumDepth = 32

    /// The defaults.
    public init() {}
}

/// Why a text is not JSON, and where.
public struct JSONMistake: Error, Sendable, Hashable, CustomStringConvertible {
    /// The first character that cannot be right.
    public let position: TextPosition
    /// What is wrong, without the place.
    public let text: String

    /// The place and what is wrong: `line 3:14: expected ',' or '}', found '"'`.
    public var description: String { "line \(position.line):\(position.column): \(text)" }
}
