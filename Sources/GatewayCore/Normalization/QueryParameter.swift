/// One parameter of a list endpoint, as declared: its name and what its values may be.
package struct QueryParameter: Sendable, Hashable {
    /// The decoded name, compared exactly.
    package let name: String
    /// Which values it takes and when two of them mean the same.
    package let kind: QueryParameterKind
    /// What it asks of the rows of a page; `nil` if nobody is to reason about that.
    package let rows: RowCondition?

    /// Declares a parameter; `ListQueryModel` checks the declaration.
    package init(_ name: String, _ kind: QueryParameterKind, rows: RowCondition? = nil) {
        self.name = name
        self.kind = kind
        self.rows = rows
    }

    /// What is allowed, worded to follow the name: "limit must be an integer from 1 to 100".
    package var rule: String {
        switch kind {
        case .integer(let minimum, let maximum, _): "must be an integer from \(minimum) to \(maximum)"
        case .choice(let words): "must be one of \(words.joined(separator: ", "))"
        case .instant:
            "must be a time such as 2026-11-23T08:30:00Z or 2026-11-23T09:30:00%2B01:00, "
                + "in the years 0001 to 9999, with the + of an offset written as %2B"
        case .flag: "must be true or false"
        case .cursor: "must be a cursor that an earlier page returned, without control characters"
        case .text(let maximumBytes):
            "must be at most \(maximumBytes) bytes of text without control characters"
        }
    }
}

/// What a parameter asks of rows, by one of their members.
package enum RowCondition: Sendable, Hashable {
    /// Of a choice: the member is exactly the word.
    case equals(member: String)
    /// Of an instant: the moment in the member is not earlier.
    case from(member: String)
    /// Of an instant: the moment in the member is not later.
    case to(member: String)
    /// Of a flag: rows carry the member.
    case includes(member: String)
}

/// The kinds of parameters; the only place where the meaning of values is told apart.
package enum QueryParameterKind: Sendable, Hashable {
    /// A whole number within bounds; absent means the default, where there is one. Bounds: 0 to 2^53 - 1.
    case integer(minimum: Int, maximum: Int, default: Int?)
    /// One of these words, exactly.
    case choice([String])
    /// A moment, kept to the millisecond.
    case instant
    /// `true` or absent: the upstream takes any value for true, `false` included, and only absence for
    /// false.
    case flag
    /// A position in the list; only texts of the declared shape are claimed to be understood.
    case cursor(CursorShape)
    /// Free text; two texts mean the same when their bytes are the same.
    case text(maximumBytes: Int)
}

/// The shape of a cursor: one of some prefixes, then so many characters of an alphabet.
///
/// Not a regular expression: this much can be checked in one pass, and a configuration cannot make it slow.
package struct CursorShape: Sendable, Hashable {
    /// Texts a cursor may begin with; an empty one is allowed.
    package let prefixes: [String]
    /// Characters that may follow the prefix.
    package let alphabet: String
    /// How many of them follow, in characters.
    package let length: Int

    /// Declares a shape; `ListQueryModel` checks the declaration.
    package init(prefixes: [String], alphabet: String, length: Int) {
        self.prefixes = prefixes
        self.alphabet = alphabet
        self.length = length
    }
}
