import HTTPModel

extension PathPattern {
    /// Whether a canonical path is one of this pattern's, byte by byte and with regard to case. Allocates
    /// nothing.
    package func matches(_ path: Span<UInt8>) -> Bool {
        if !onlyPath.isEmpty { return onlyPath.withSpan { path.equals($0) } }
        guard !path.isEmpty, path[0] == UInt8(ascii: "/") else { return false }
        // `position` is where the next segment begins: behind a slash, or one past the end when none is left.
        var position = 1
        let segments = self.segments.span
        for index in segments.indices {
            guard position <= path.count else { return false }
            var end = position
            while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
            switch segments[index] {
            case .literal(let bytes):
                guard path.extracting(position..<end).equals(bytes.span) else { return false }
            case .parameter:
                if end == position { return false }
            }
            position = end + 1
        }
        // A rest begins behind a slash; without one, the last segment must have been the last of the path.
        return takesRest ? position <= path.count : position == path.count + 1
    }
}
