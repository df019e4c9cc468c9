/// What the path normalizer decided.
package enum PathNormalization: Sendable, Hashable {
    /// The path is canonical as it came; nothing was written.
    case unchanged
    /// The output holds the canonical path; route, access rule, cache key and upstream must use it instead.
    case rewritten
    /// The path has no safe reading.
    case refused(PathRefusal)
}

/// Why a path is refused; each is a path that two readers could take for two different ones.
package enum PathRefusal: Sendable, Hashable, CaseIterable {
    /// It does not begin with `/`.
    case notAbsolute
    /// A `%` without two hexadecimal digits behind it.
    case tripletInvalid
    /// An encoded control character or NUL: readers that end text there would see another path.
    case controlCharacterEncoded
    /// A byte that no path may hold unencoded; above all `?`, `#`, a space, a control character.
    case byteForbidden
    /// More `..` than there are segments: RFC 3986 §5.2.4 would ignore them, a file server would not.
    case climbsAboveRoot

    /// What the client is told.
    package var sentence: StaticString {
        switch self {
        case .notAbsolute: "the path must begin with a slash"
        case .tripletInvalid: "every % in the path must be followed by two hexadecimal digits"
        case .controlCharacterEncoded: "the path must not hold encoded control characters"
        case .byteForbidden: "the path holds a byte that must be percent-encoded"
        case .climbsAboveRoot: "the path must not climb above the root"
        }
    }
}
