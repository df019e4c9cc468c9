import HTTPModel

/// Gives each resource one path, before anything compares paths.
///
/// Routing, access rules, the cache key and the upstream all see the result, so no spelling of a path can
/// pass one of them as one resource and the next as another. Canonical means (RFC 3986 §6.2.2): triplets of
/// unreserved characters decoded, the others in upper case, dot segments resolved however they were
/// written. `%2F` is data and never a separator. Empty segments, letter case and `;` parameters carry
/// meaning and stay.
package enum PathNormalizer {
    /// Decides about one path, without its query.
    ///
    /// After `rewritten` the output holds the canonical path, never longer than the path, and nothing else;
    /// after any other answer it is empty. The asterisk form (RFC 9112 §3.2.4) is unchanged. Canonical
    /// paths are fixed points. Linear; a path that needs no change is read once and not copied.
    package static func normalize(_ path: Span<UInt8>, into output: inout ByteBuffer) -> PathNormalization {
        output.removeAll()
        guard path.count > 0, path[0] == 0x2F else {
            return path.equals("*") ? .unchanged : .refused(.notAbsolute)
        }
        guard mayNeedChange(path) else { return .unchanged }

        if let refusal = rewrite(path, into: &output) {
            output.removeAll()
            return .refused(refusal)
        }
        // `/.well-known` and `%2F` take the slow way without need: the caller keeps its own bytes then.
        if output.withBytes({ $0.equals(path) }) {
            output.removeAll()
            return .unchanged
        }
        return .rewritten
    }

    /// Whether the path holds a triplet, a forbidden byte or a segment that begins with a dot.
    private static func mayNeedChange(_ path: Span<UInt8>) -> Bool {
        for index in 1..<path.count where !TargetByte.isPlainInPath(path[index]) {
            if path[index] != 0x2E || path[index - 1] == 0x2F { return true }
        }
        return false
    }

    /// Writes the path segment by segment and takes segments back as dot segments ask for it.
    private static func rewrite(_ path: Span<UInt8>, into output: inout ByteBuffer) -> PathRefusal? {
        var next = 0
        var endsInDotSegment = false
        // Each turn begins at a slash; the path begins with one.
        while next < path.count {
            let start = output.count
            output.append(0x2F)
            next += 1
            if let refusal = appendSegment(of: path, from: &next, to: &output) { return refusal }

            // Compared after decoding, so that `%2e` is no way around the rule.
            let (isDot, isDoubleDot) = output.withBytes { bytes in
                let segment = bytes.extracting((start + 1)..<bytes.count)
                return (segment.equals("."), segment.equals(".."))
            }
            endsInDotSegment = isDot || isDoubleDot
            if endsInDotSegment { output.truncate(to: start) }
            if isDoubleDot {
                guard start > 0 else { return .climbsAboveRoot }
                removeLastSegment(of: &output)
            }
        }
        // RFC 3986 §5.2.4, 2B and 2C: what a last dot segment names is a directory.
        if endsInDotSegment { output.append(0x2F) }
        return nil
    }

    /// Appends the bytes up to the next slash, or to the end, in their canonical spelling.
    private static func appendSegment(
        of path: Span<UInt8>, from next: inout Int, to output: inout ByteBuffer
    ) -> PathRefusal? {
        while next < path.count, path[next] != 0x2F {
            let raw = path[next]
            guard raw == 0x25 else {
                guard TargetByte.isPath(raw) else { return .byteForbidden }
                output.append(raw)
                next += 1
                continue
            }
            guard let byte = PercentTriplet.byte(at: next, of: path) else { return .tripletInvalid }
            guard byte >= 0x20, byte != 0x7F else { return .controlCharacterEncoded }
            if TargetByte.isUnreserved(byte) {
                output.append(byte)
            } else {
                PercentTriplet.append(byte, to: &output)
            }
            next += PercentTriplet.byteCount
        }
        return nil
    }

    /// Takes back the last segment with its slash. The output holds at least one.
    private static func removeLastSegment(of output: inout ByteBuffer) {
        let slash = output.withBytes { bytes in
            var index = bytes.count - 1
            while index > 0, bytes[index] != 0x2F { index -= 1 }
            return index
        }
        output.truncate(to: slash)
    }
}

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
