import HTTPModel

/// What `Accept-Encoding` says about the codings we have (RFC 9110 §12.5.3). Qualities are in thousandths.
public struct AcceptedCodings: Sendable, Hashable {
    // Four numbers of 16 bits, by `Place`; all ones where nothing was said. One word, because it is part of
    // every request.
    private var word = UInt64.max

    /// Where the quality of a coding stands in the word.
    private enum Place: UInt64 {
        case zstd = 0
        case gzip = 16
        case identity = 32
        case others = 48

        init(_ coding: ContentCoding) {
            self =
                switch coding {
                case .zstd: .zstd
                case .gzip: .gzip
                }
        }
    }

    /// Nothing was said: we give what is plain.
    public static let unsaid = AcceptedCodings()

    /// Whether nothing was said, so that what is plain is given.
    public var isUnsaid: Bool { word == .max }

    /// Takes a line of the field; several lines are one list. What cannot be read accepts nothing. No
    /// allocation.
    mutating func read(_ value: Span<UInt8>) {
        var next = 0
        while next < value.count {
            var end = next
            while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
            take(value.extracting(next..<end))
            next = end + 1
        }
    }

    /// How much a client likes a coding; zero if it does not accept it.
    public func quality(of coding: ContentCoding) -> UInt16 { self[Place(coding)] ?? self[.others] ?? 0 }

    /// The same for plain answers. One that is not named is accepted, and liked less than whatever is.
    public var plainQuality: UInt16 { self[.identity] ?? self[.others] ?? 1 }

    private subscript(place: Place) -> UInt16? {
        let number = UInt16(truncatingIfNeeded: word >> place.rawValue)
        return number == .max ? nil : number
    }

    /// Takes down a quality, unless one was said before: the first word about a coding counts.
    private mutating func say(_ quality: UInt16, _ place: Place) {
        guard self[place] == nil else { return }
        word &= ~(0xFFFF << place.rawValue) | UInt64(quality) << place.rawValue
    }

    /// The coding that is liked best, if one is liked more than plain; the first of equals.
    public func preferred(among codings: ContentCodings) -> ContentCoding? {
        var best: ContentCoding?
        for coding in ContentCoding.allCases where codings.contains(coding) {
            let quality = quality(of: coding)
            // Named with the same quality as plain, the smaller answer is given.
            guard quality > 0, quality >= plainQuality else { continue }
            if let found = best, self.quality(of: found) >= quality { continue }
            best = coding
        }
        return best
    }

    private mutating func take(_ member: Span<UInt8>) {
        var index = 0
        func skipBlanks() { while index < member.count, member[index].isBlank { index += 1 } }
        skipBlanks()
        let start = index
        while index < member.count, member[index].isTokenByte { index += 1 }
        let name = member.extracting(start..<index)
        skipBlanks()
        guard !name.isEmpty, let quality = Self.weight(member, from: index) else { return }
        if name.equalsIgnoringCase("gzip") || name.equalsIgnoringCase("x-gzip") {
            say(quality, .gzip)
        } else if name.equalsIgnoringCase("zstd") {
            say(quality, .zstd)
        } else if name.equalsIgnoringCase("identity") {
            say(quality, .identity)
        } else if name.equals("*") {
            say(quality, .others)
        }
    }

    /// The weight behind a coding's name (RFC 9110 §12.4.2), in thousandths; `nil` if what stands there is
    /// none.
    private static func weight(_ member: Span<UInt8>, from start: Int) -> UInt16? {
        var index = start
        func skipBlanks() { while index < member.count, member[index].isBlank { index += 1 } }
        guard index < member.count else { return 1_000 }
        guard member[index] == UInt8(ascii: ";") else { return nil }
        index += 1
        skipBlanks()
        guard index + 1 < member.count, member[index] | 0x20 == UInt8(ascii: "q"),
            member[index + 1] == UInt8(ascii: "=")
        else { return nil }
        index += 2
        guard index < member.count, member[index] == 0x30 || member[index] == 0x31 else { return nil }
        var thousandths = UInt16(member[index] - 0x30) * 1_000
        index += 1
        if index < member.count, member[index] == UInt8(ascii: ".") {
            index += 1
            var unit: UInt16 = 100
            while index < member.count, unit > 0, member[index] &- 0x30 < 10 {
                thousandths += UInt16(member[index] - 0x30) * unit
                unit /= 10
                index += 1
            }
        }
        skipBlanks()
        return index == member.count && thousandths <= 1_000 ? thousandths : nil
    }
}

/// Some of the codings there are.
public struct ContentCodings: OptionSet, Sendable, Hashable {
    /// One bit for each.
    public let rawValue: UInt8

    /// From bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// zstd alone.
    static let zstd = ContentCodings(rawValue: 1 << ContentCoding.zstd.rawValue)
    /// gzip alone.
    static let gzip = ContentCodings(rawValue: 1 << ContentCoding.gzip.rawValue)

    /// Exactly these.
    public init(_ codings: [ContentCoding]) {
        rawValue = codings.reduce(0) { $0 | 1 << $1.rawValue }
    }

    /// Whether a coding is one of them.
    public func contains(_ coding: ContentCoding) -> Bool { rawValue & 1 << coding.rawValue != 0 }
}
