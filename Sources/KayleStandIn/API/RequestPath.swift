/// A path as the upstream's platform and router see it.
struct RequestPath: Sendable, Equatable {
    /// The segments after the first slash; a trailing slash leaves an empty last one, so that it matches
    /// nothing.
    let segments: [String]

    /// Resolves dot segments as the platform does, then decodes as the router does: `%73essions` is
    /// `sessions`, while an escaped slash does not separate.
    init(_ raw: String) {
        var resolved: [Substring] = []
        let parts = raw.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            switch part.lowercased().replacing("%2e", with: ".") {
            case ".": if isLast { resolved.append("") }
            case "..":
                _ = resolved.popLast()
                if isLast { resolved.append("") }
            default: resolved.append(part)
            }
        }
        segments = resolved.map { PercentDecoding.decoded(String($0), keeping: ";/?:@&=+$,#%") }
    }
}
