package import Settings

/// The paths a route takes: `/v1/sessions`, `/v1/sessions/{id}`, `/v1/*`.
///
/// Matched against canonical paths, segment by segment and byte by byte. `{name}` takes one segment that is
/// not empty; `/*` at the end takes whatever follows the slash, nothing included, but not the path without
/// the slash.
package struct PathPattern: Sendable, Hashable {
    /// What stands between two slashes.
    package enum Segment: Sendable, Hashable {
        /// Exactly these bytes; empty only at the end, where the pattern ends in a slash.
        case literal([UInt8])
        /// Any one segment that is not empty.
        case parameter(String)
    }

    /// The segments before the end or the rest.
    package let segments: [Segment]
    /// Whether any further path follows.
    package let takesRest: Bool
    /// The pattern as written.
    package let text: String
    /// The one path that the pattern takes, where it has neither parameters nor a rest: compared at once.
    /// Empty for all others.
    let onlyPath: [UInt8]

    fileprivate init(segments: [Segment], takesRest: Bool, text: String) {
        self.segments = segments
        self.takesRest = takesRest
        self.text = text
        let takesOnePath =
            !takesRest
            && segments.allSatisfy {
                if case .literal = $0 { true } else { false }
            }
        onlyPath = takesOnePath ? Array(text.utf8) : []
    }

    /// Reads a pattern; a text that is none gives the reason, with what is allowed.
    package static func parse(_ text: String) -> Result<PathPattern, PathPatternFailure> {
        guard text.hasPrefix("/") else { return .failure(.noSlash) }
        var pieces = text.utf8.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false)
        let takesRest = pieces.last?.elementsEqual("*".utf8) == true
        if takesRest { pieces.removeLast() }
        var segments: [Segment] = []
        var names: Set<String> = []
        for (index, piece) in pieces.enumerated() {
            // Only the last segment may be empty: `/v1/`.
            if piece.isEmpty, index + 1 < pieces.count || takesRest { return .failure(.emptySegment) }
            if piece.first == 0x7B, piece.last == 0x7D {
                let name = String(decoding: piece.dropFirst().dropLast(), as: UTF8.self)
                guard SettingsName.isName(name) else { return .failure(.parameterName) }
                guard names.insert(name).inserted else { return .failure(.parameterTwice) }
                segments.append(.parameter(name))
            } else if piece.elementsEqual(".".utf8) || piece.elementsEqual("..".utf8) {
                return .failure(.dotSegment)
            } else if let byte = piece.first(where: { !isPathByte($0) }) {
                return .failure(byte == 0x2A || byte == 0x7B || byte == 0x7D ? .wildcardInside : .character)
            } else {
                segments.append(.literal(Array(piece)))
            }
        }
        return .success(PathPattern(segments: segments, takesRest: takesRest, text: text))
    }

    /// Whether every path that `other` takes is taken by this pattern too.
    package func covers(_ other: PathPattern) -> Bool {
        guard takesRest || (segments.count == other.segments.count && !other.takesRest) else { return false }
        // The rest begins after a slash: `/v1/*` does not take `/v1`, yet it takes what `/v1/*` takes.
        guard
            !takesRest || other.segments.count > segments.count
                || (other.takesRest && other.segments.count == segments.count)
        else { return false }
        return zip(segments, other.segments).allSatisfy { mine, theirs in
            switch (mine, theirs) {
            case (.parameter, .parameter): true
            case (.parameter, .literal(let bytes)): !bytes.isEmpty
            case (.literal(let bytes), .literal(let others)): bytes == others
            case (.literal, .parameter): false
            }
        }
    }

    /// Whether the pattern takes exactly one path.
    package var isExact: Bool {
        !takesRest && !segments.contains { if case .parameter = $0 { true } else { false } }
    }

    /// Whether the pattern takes the paths one segment below those of `list`, whatever that segment is.
    package func takesMembers(of list: PathPattern) -> Bool {
        guard !takesRest, !list.takesRest, let last = segments.last, case .parameter = last else {
            return false
        }
        return Array(segments.dropLast()) == list.segments
    }

    /// The characters of a canonical segment that need no percent-encoding (RFC 3986 §3.3), `*` aside.
    private static func isPathByte(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || "-._~!$&'()+,;=:@".utf8.contains(byte)
    }
}

/// Why a text is no path pattern.
package enum PathPatternFailure: Error, Sendable, Hashable, CaseIterable {
    /// It does not begin at the root.
    case noSlash
    /// Two slashes side by side.
    case emptySegment
    /// `.` or `..`, which no canonical path has.
    case dotSegment
    /// A wildcard beside other characters, or `*` before the end.
    case wildcardInside
    /// A name in braces that is none.
    case parameterName
    /// The same name in braces twice.
    case parameterTwice
    /// A character that no path has, or one that takes percent-encoding: patterns are plain.
    case character

    /// What is wrong and what is allowed.
    package var sentence: String {
        switch self {
        case .noSlash: "the path does not begin with /; allowed: /v1/x, /v1/{id}, /v1/*"
        case .emptySegment: "the path has an empty segment; allowed: one / between two segments"
        case .dotSegment:
            "requests never have . and .. segments when they are matched; allowed: the resolved path"
        case .wildcardInside:
            "{name} and * stand alone between slashes, * only at the end; allowed: /v1/{id}/y, /v1/*"
        case .parameterName: "not a name in braces; allowed: 1 to 64 of A-Z a-z 0-9 . _ -"
        case .parameterTwice: "two segments in braces have one name; allowed: a name of its own for each"
        case .character:
            "a character that no matched path has; allowed: A-Z a-z 0-9 - . _ ~ ! $ & ' ( ) + , ; = : @"
        }
    }
}

extension SettingsKind where Value == PathPattern {
    /// A path pattern.
    package static var pathPattern: SettingsKind {
        let root = PathPattern(segments: [], takesRest: true, text: "/*")
        return .judged(
            as: "a path pattern",
            allowed: "an exact path, {name} for one segment, /* at the end for the rest",
            placeholder: root, spell: { $0.text }
        ) { string, _ in
            PathPattern.parse(string).mapError { SettingsRefusal($0.sentence) }
        }
    }
}
