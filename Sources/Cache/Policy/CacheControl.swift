import HTTPModel

/// What the upstream says about storing and reusing an answer (RFC 9111 §5.2.2), or a client about its
/// request.
///
/// Only directives this cache acts on are kept. Doubt is kept too: a value that cannot be read, or two that
/// disagree, make the answer stale from the start (RFC 9111 §4.2.1), never longer-lived.
struct CacheControl: Sendable, Hashable {
    /// A lifetime in seconds as it was stated.
    enum Lifetime: Sendable, Hashable {
        case absent
        case seconds(UInt32)
        /// Stated, but unreadable or contradictory.
        case doubtful
    }

    /// `no-store`: nothing of this message may be kept.
    var noStore = false
    /// `no-cache`, with or without field names: no reuse without asking the upstream.
    var noCache = false
    /// `max-age`.
    var maxAge = Lifetime.absent
    /// `s-maxage`, which wins over `max-age` in a shared cache.
    var sharedMaxAge = Lifetime.absent
    /// `stale-while-revalidate` (RFC 5861 §3).
    var staleWhileRevalidate = Lifetime.absent
    /// `stale-if-error` (RFC 5861 §4).
    var staleIfError = Lifetime.absent
    /// `must-revalidate`, or `proxy-revalidate`, which binds shared caches: never to be given stale.
    var mustRevalidate = false
    /// `no-transform`: nobody on the way may change the content.
    var noTransform = false
    /// Whether some part could not be read at all.
    var isMalformed = false

    /// Whether nothing that bears on storing was said.
    var isSilent: Bool { self == CacheControl() }

    /// The lifetime a shared cache goes by: `s-maxage`, else `max-age`.
    var lifetime: Lifetime { sharedMaxAge == .absent ? maxAge : sharedMaxAge }

    /// Whether a shared cache may give nothing stale (RFC 9111 §4.2.4); `s-maxage` means so too (§5.2.2.10).
    var forbidsStale: Bool { mustRevalidate || noCache || sharedMaxAge != .absent }

    /// Takes the directives of one field line; several lines are one list (RFC 9110 §5.3).
    mutating func read(_ value: Span<UInt8>) {
        var scanner = DirectiveScanner()
        while let directive = scanner.next(in: value) {
            switch directive {
            case .malformed: isMalformed = true
            case .directive(let name, let argument): take(name, argument, in: value)
            }
        }
    }

    private mutating func take(_ name: ByteRange, _ argument: ByteRange?, in value: Span<UInt8>) {
        let name = value.extracting(name.range)
        switch name.count {
        case 7 where name.equalsIgnoringCase("max-age"):
            maxAge.merge(Self.lifetime(argument, in: value))
        case 8 where name.equalsIgnoringCase("s-maxage"):
            sharedMaxAge.merge(Self.lifetime(argument, in: value))
        case 14 where name.equalsIgnoringCase("stale-if-error"):
            staleIfError.merge(Self.lifetime(argument, in: value))
        case 22 where name.equalsIgnoringCase("stale-while-revalidate"):
            staleWhileRevalidate.merge(Self.lifetime(argument, in: value))
        case 15 where name.equalsIgnoringCase("must-revalidate"): mustRevalidate = true
        case 16 where name.equalsIgnoringCase("proxy-revalidate"): mustRevalidate = true
        case 12 where name.equalsIgnoringCase("no-transform"): noTransform = true
        case 8 where name.equalsIgnoringCase("no-store"): noStore = true
        case 8 where name.equalsIgnoringCase("no-cache"): noCache = true
        // RFC 9111 §5.2.3: unknown directives are ignored. `private` is known and ignored on purpose: a
        // partition belongs to one tenant and credential, which is the user that `private` speaks of.
        default: break
        }
    }

    private static func lifetime(_ argument: ByteRange?, in value: Span<UInt8>) -> Lifetime {
        guard let argument else { return .doubtful }
        return value.extracting(argument.range).deltaSeconds.map(Lifetime.seconds) ?? .doubtful
    }
}

extension CacheControl.Lifetime {
    /// Takes another statement of the same directive: equal ones agree, different ones leave doubt.
    fileprivate mutating func merge(_ other: Self) {
        self = self == .absent || self == other ? other : .doubtful
    }
}

/// Walks over a comma-separated list of `name`, `name=token` and `name="quoted"` (RFC 9111 §5.2).
private struct DirectiveScanner {
    enum Element {
        case directive(ByteRange, ByteRange?)
        /// Anything else, up to the next comma.
        case malformed
    }

    private var index = 0

    /// The next element, or `nil` at the end; empty elements are skipped (RFC 9110 §5.6.1).
    mutating func next(in bytes: Span<UInt8>) -> Element? {
        while index < bytes.count, bytes[index] == 0x2C || bytes[index].isBlank { index += 1 }
        guard index < bytes.count else { return nil }
        let nameStart = index
        while index < bytes.count, bytes[index].isTokenByte { index += 1 }
        let name = ByteRange(from: nameStart, to: index)
        guard !name.isEmpty else { return malformed(bytes) }
        var argument: ByteRange?
        if index < bytes.count, bytes[index] == 0x3D {
            index += 1
            argument = index < bytes.count && bytes[index] == 0x22 ? quoted(bytes) : token(bytes)
            guard argument != nil else { return malformed(bytes) }
        }
        while index < bytes.count, bytes[index].isBlank { index += 1 }
        guard index == bytes.count || bytes[index] == 0x2C else { return malformed(bytes) }
        return .directive(name, argument)
    }

    private mutating func token(_ bytes: Span<UInt8>) -> ByteRange? {
        let start = index
        while index < bytes.count, bytes[index].isTokenByte { index += 1 }
        return start == index ? nil : ByteRange(from: start, to: index)
    }

    /// The inside of a quoted string, escapes left in place: no directive we act on needs any.
    private mutating func quoted(_ bytes: Span<UInt8>) -> ByteRange? {
        let start = index + 1
        index = start
        while index < bytes.count {
            if bytes[index] == 0x22 {
                index += 1
                return ByteRange(from: start, to: index - 1)
            }
            index += bytes[index] == 0x5C ? 2 : 1
        }
        index = min(index, bytes.count)
        return nil
    }

    /// Skips to the next comma, so that a `no-store` behind a broken neighbour is still seen.
    private mutating func malformed(_ bytes: Span<UInt8>) -> Element {
        while index < bytes.count, bytes[index] != 0x2C { index += 1 }
        return .malformed
    }
}

extension Span where Element == UInt8 {
    /// A number of seconds (RFC 9111 §1.2.2): digits only; what exceeds 2^31 is 2^31.
    var deltaSeconds: UInt32? {
        guard count > 0 else { return nil }
        var value: UInt64 = 0
        for index in 0..<count {
            let digit = self[index] &- 0x30
            guard digit < 10 else { return nil }
            value = Swift.min(value * 10 + UInt64(digit), 1 << 31)
        }
        return UInt32(value)
    }
}

extension UInt8 {
    /// Space or horizontal tab.
    var isBlank: Bool { self == 0x20 || self == 0x09 }

    /// A byte of a token (RFC 9110 §5.6.2).
    var isTokenByte: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x5E...0x7A, 0x7C, 0x7E, 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E:
            true
        default: false
        }
    }
}
