import HTTPModel

/// A moment in a query, in whole milliseconds as the upstream keeps it, from year 1 to 9999 UTC.
struct QueryInstant: Equatable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    let unixMilliseconds: Int64

    /// 0001-01-01T00:00:00.000Z, the earliest moment the upstream's database takes.
    static let earliestMilliseconds: Int64 = -62_135_596_800_000
    /// 9999-12-31T23:59:59.999Z, the latest that four digits of year can write.
    static let latestMilliseconds: Int64 = 253_402_300_799_999

    /// Reads `YYYY-MM-DDTHH:MM[:SS[.f…]]` with `Z` or `±HH:MM` behind it; `nil` for anything else.
    ///
    /// Fractions are cut to milliseconds, as the upstream cuts them. There is no 24:00, no leap second, no
    /// year 0, no lower case: the upstream has none.
    init?(_ text: Span<UInt8>) {
        guard text.count >= 17, text[4] == 0x2D, text[7] == 0x2D, text[10] == UInt8(ascii: "T"),
            text[13] == 0x3A,
            let year = Self.number(text, at: 0, digits: 4), let month = Self.number(text, at: 5, digits: 2),
            let day = Self.number(text, at: 8, digits: 2),
            let hour = Self.number(text, at: 11, digits: 2),
            let minute = Self.number(text, at: 14, digits: 2),
            year > 0, month > 0, month <= 12, day > 0, day <= Self.days(inMonth: month, of: year), hour < 24,
            minute < 60
        else { return nil }
        var next = 16
        var milliseconds = 0
        if text[next] == 0x3A {
            guard let second = Self.number(text, at: next + 1, digits: 2), second < 60 else { return nil }
            next += 3
            guard let fraction = Self.fraction(text, at: &next) else { return nil }
            milliseconds = second * 1_000 + fraction
        }
        guard let offsetMinutes = Self.offsetMinutes(text, at: next) else { return nil }

        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        let minutes = days * 1_440 + hour * 60 + minute - offsetMinutes
        unixMilliseconds = Int64(minutes * 60_000 + milliseconds)
        // An offset can carry a moment of the first or the last day out of the years that can be written.
        guard (Self.earliestMilliseconds...Self.latestMilliseconds).contains(unixMilliseconds) else {
            return nil
        }
    }

    /// Appends the one spelling that is sent and keyed: `YYYY-MM-DDTHH:MM:SS.mmmZ`, 24 bytes.
    func append(to output: inout ByteBuffer) {
        let dayMilliseconds: Int64 = 86_400_000
        let sinceYear1 = unixMilliseconds - Self.earliestMilliseconds
        let date = CivilDate(daysSinceEpoch: Int(sinceYear1 / dayMilliseconds) - 719_162)
        let time = Int(sinceYear1 % dayMilliseconds)
        var text: InlineArray<24, UInt8> = .init(repeating: UInt8(ascii: "-"))
        Self.write(date.year, digits: 4, at: 0, of: &text)
        Self.write(date.month, digits: 2, at: 5, of: &text)
        Self.write(date.day, digits: 2, at: 8, of: &text)
        text[10] = UInt8(ascii: "T")
        Self.write(time / 3_600_000, digits: 2, at: 11, of: &text)
        text[13] = 0x3A
        Self.write(time / 60_000 % 60, digits: 2, at: 14, of: &text)
        text[16] = 0x3A
        Self.write(time / 1_000 % 60, digits: 2, at: 17, of: &text)
        text[19] = 0x2E
        Self.write(time % 1_000, digits: 3, at: 20, of: &text)
        text[23] = UInt8(ascii: "Z")
        output.append(text.span)
    }

    /// Length of a month of the proleptic Gregorian calendar.
    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Milliseconds of an optional `.f…`; zero without one, `nil` for a point without a digit.
    private static func fraction(_ text: Span<UInt8>, at next: inout Int) -> Int? {
        guard next < text.count, text[next] == 0x2E else { return 0 }
        next += 1
        let start = next
        var milliseconds = 0
        while next < text.count, text[next] &- 0x30 < 10 {
            if next - start < 3 { milliseconds = milliseconds * 10 + Int(text[next] &- 0x30) }
            next += 1
        }
        switch next - start {
        case 0: return nil
        case 1: return milliseconds * 100
        case 2: return milliseconds * 10
        default: return milliseconds
        }
    }

    /// Minutes east of UTC that the rest of the text names: `Z`, or `±HH:MM` to its end.
    private static func offsetMinutes(_ text: Span<UInt8>, at next: Int) -> Int? {
        guard next < text.count else { return nil }
        if text[next] == UInt8(ascii: "Z") { return next + 1 == text.count ? 0 : nil }
        guard text[next] == 0x2B || text[next] == 0x2D, text.count == next + 6, text[next + 3] == 0x3A,
            let hours = number(text, at: next + 1, digits: 2), hours < 24,
            let minutes = number(text, at: next + 4, digits: 2), minutes < 60
        else { return nil }
        return text[next] == 0x2D ? -(hours * 60 + minutes) : hours * 60 + minutes
    }

    /// The number in exactly so many digits, or `nil`.
    private static func number(_ text: Span<UInt8>, at start: Int, digits: Int) -> Int? {
        guard start + digits <= text.count else { return nil }
        var value = 0
        for index in start..<(start + digits) {
            let digit = text[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }

    private static func write(
        _ number: Int, digits: Int, at start: Int, of text: inout InlineArray<24, UInt8>
    ) {
        var rest = number
        for index in stride(from: start + digits - 1, through: start, by: -1) {
            text[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}
