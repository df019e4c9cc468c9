import HTTPModel

/// The page size that a query asks for, where no model says what the query means: for the ceiling of a token.
///
/// A query that the gateway does not understand goes to the upstream as it came. What the upstream makes of
/// `limit=1e3` nobody here knows, so anything but digits is `unclear`, and a token with a ceiling may not ask
/// it.
package enum RequestedLimit: Sendable, Hashable {
    /// The parameter is not there; the upstream's own default applies.
    case absent
    /// So many rows; of several values the largest.
    case rows(UInt64)
    /// The parameter is there and not a plain number.
    case unclear

    /// Reads every occurrence of the parameter, names and values decoded as the upstream decodes them.
    /// Allocates; only asked for tokens with a ceiling, on queries without a canonical form.
    package static func read(_ parameter: String, in query: Span<UInt8>) -> RequestedLimit {
        var found = RequestedLimit.absent
        var decoded: [UInt8] = []
        var next = 0
        while next < query.count {
            var end = next
            while end < query.count, query[end] != UInt8(ascii: "&") { end += 1 }
            let pair = query.extracting(next..<end)
            next = end + 1
            var equals = 0
            while equals < pair.count, pair[equals] != UInt8(ascii: "=") { equals += 1 }
            FormDecoding.decode(pair.extracting(0..<equals), into: &decoded)
            guard decoded.elementsEqual(parameter.utf8) else { continue }
            FormDecoding.decode(pair.extracting(min(equals + 1, pair.count)..<pair.count), into: &decoded)
            guard let rows = number(decoded) else { return .unclear }
            if case .rows(let before) = found, before > rows { continue }
            found = .rows(rows)
        }
        return found
    }

    private static func number(_ digits: [UInt8]) -> UInt64? {
        // Nineteen digits fit; a longer number is no page size anyone needs.
        guard (1...19).contains(digits.count), digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
    }
}
