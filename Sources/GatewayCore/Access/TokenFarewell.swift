import HTTPModel

/// What answers say to a token whose end is in sight: since when it is not to be used any more, and when it
/// stops working (`Deprecation`, RFC 9745; `Sunset`, RFC 8594).
///
/// A plain value of two numbers, so that an exchange carries it along for nothing.
package struct TokenFarewell: Sendable, Hashable {
    /// Nothing is said.
    package static let none = TokenFarewell(deprecatedUnixSeconds: .max, sunsetUnixSeconds: .max)

    /// Since when another token should be used, in seconds since 1970.
    package let deprecatedUnixSeconds: Int64
    /// When the token stops working, in seconds since 1970; `Int64.max` where nothing is said.
    package let sunsetUnixSeconds: Int64

    /// Makes a farewell. RFC 9745 §4: the sunset is never before the deprecation.
    package init(deprecatedUnixSeconds: Int64, sunsetUnixSeconds: Int64) {
        precondition(
            deprecatedUnixSeconds <= sunsetUnixSeconds,
            "deprecated at \(deprecatedUnixSeconds), gone at \(sunsetUnixSeconds)")
        self.deprecatedUnixSeconds = deprecatedUnixSeconds
        self.sunsetUnixSeconds = sunsetUnixSeconds
    }

    /// From when on answers tell of a token's end: from its rotation, or `noticeSeconds` before it expires,
    /// whichever is earlier. A token without an end has no farewell.
    init(of token: StoredToken, noticeSeconds: Int64) {
        guard let end = token.expiresAt?.unixSeconds else {
            self = .none
            return
        }
        // A token that lives shorter than the notice tells of its end from its beginning.
        let begin = max(end - noticeSeconds, token.createdAt?.unixSeconds ?? .min)
        let told = min(begin, token.rotatedAt?.unixSeconds ?? .max)
        self.init(deprecatedUnixSeconds: min(told, end), sunsetUnixSeconds: end)
    }

    /// Whether anything is said.
    package var isSaid: Bool { sunsetUnixSeconds != .max }

    /// The farewell if its time has come, else none.
    func at(_ nowUnixSeconds: Int64) -> TokenFarewell {
        nowUnixSeconds >= deprecatedUnixSeconds ? self : .none
    }
}
