/// What a byte may be in a request target, looked up in one table: a scan costs one load for each byte.
enum TargetByte {
    /// Whether the byte is a letter, a digit, `-`, `.`, `_` or `~`: its percent-encoding means nothing
    /// (RFC 3986 §2.3).
    static func isUnreserved(_ byte: UInt8) -> Bool { properties[Int(byte)] & 1 != 0 }

    /// Whether the byte stands for itself in a path: unreserved, sub-delims, `:`, `@`, `/` (RFC 3986 §3.3).
    static func isPath(_ byte: UInt8) -> Bool { properties[Int(byte)] & 2 != 0 }

    /// Whether the byte stands for itself in a path and is no dot: nothing to decide about.
    static func isPlainInPath(_ byte: UInt8) -> Bool { properties[Int(byte)] & 4 != 0 }

    /// Whether the byte stands for itself in a name or value of a query: visible ASCII without `&`, `=`, `%`
    /// and `+`.
    static func isPlainInQuery(_ byte: UInt8) -> Bool { properties[Int(byte)] & 8 != 0 }

    /// One bit for each question above, sixteen bytes to a row. `TargetByteTests` checks it by the grammar.
    private static let properties: InlineArray<256, UInt8> = [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 14, 8, 8, 14, 0, 6, 14, 14, 14, 14, 6, 14, 15, 11, 14,
        15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 14, 14, 8, 6, 8, 8,
        14, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
        15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 8, 8, 8, 8, 15,
        8, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
        15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 8, 8, 8, 15, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]
}
