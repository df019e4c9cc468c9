package import HTTPModel

/// A walk through a comma-separated list of tokens (RFC 9110 §5.6.1), such as the value of Connection.
///
/// Empty members are skipped, as §5.6.1.2 asks; white space is allowed around members only. Holds offsets,
/// not bytes: every call gets the same value again. A whole walk is linear in the bytes.
package struct TokenList {
    /// One step of the walk.
    package enum Step: Sendable, Hashable {
        /// The next member, as offsets into the value.
        case member(ByteRange)
        /// No member is left.
        case end
        /// What stands here is not a token, or two tokens are not parted by a comma.
        case invalid
    }

    private var offset = 0
    /// How many members have been returned.
    package private(set) var count = 0

    /// A walk from the beginning.
    package init() {}

    /// The next member of the list `value`.
    package mutating func next(in value: Span<UInt8>) -> Step {
        while offset < value.count, isBetweenMembers(value[offset]) {
            offset += 1
        }
        guard offset < value.count else { return .end }
        let start = offset
        let end = ByteClass.token.end(in: value, from: start, to: value.count)
        guard end > start else { return .invalid }
        offset = ByteClass.optionalWhitespace.end(in: value, from: end, to: value.count)
        guard offset == value.count || value[offset] == UInt8(ascii: ",") else { return .invalid }
        count += 1
        return .member(ByteRange(from: start, to: end))
    }

    private func isBetweenMembers(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || ByteClass.optionalWhitespace.contains(byte)
    }
}
