/// An HTTP date in its preferred form (RFC 9110 §5.6.7): `Mon, 23 Nov 2026 22:57:00 GMT`, 29 bytes.
public struct HTTPDate: Sendable, Hashable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public let unixSeconds: Int64

    /// Makes a date from seconds since 1970; years 0–9999 are printable.
    public init(unixSeconds: Int64) {
        self.unixSeconds = unixSeconds
    }

    /// Number of bytes of the preferred form.
    public static let byteCount = 29

    /// Reads the preferred form (IMF-fixdate); `nil` for anything else, the two obsolete forms included: no
    /// server younger than 1995 sends them.
    public init?(_ bytes: Span<UInt8>) {
        guard bytes.count == Self.byteCount, bytes.extracting(25..<29).equals(" GMT"), bytes[3] == 0x2C,
            bytes[4] == 0x20, bytes[7] == 0x20, bytes[11] == 0x20, bytes[16] == 0x20, bytes[19] == 0x3A,
            bytes[22] == 0x3A,
            let day = bytes.number(5..<7), let year = bytes.number(12..<16), let hour = bytes.number(17..<19),
            let minute = bytes.number(20..<22), let second = bytes.number(23..<25),
            let month = Self.month(bytes.extracting(8..<11)),
            (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        self.init(unixSeconds: Int64(days) * 86_400 + Int64(hour * 3_600 + minute * 60 + second))
        guard CivilDate(daysSinceEpoch: days).day == day else { return nil }
    }

    /// The preferred form. Allocates.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    /// Appends the preferred form.
    public func append(to bytes: inout [UInt8]) {
        let days = Int((unixSeconds >= 0 ? unixSeconds : unixSeconds - 86_399) / 86_400)
        let second = Int(unixSeconds - Int64(days) * 86_400)
        let date = CivilDate(daysSinceEpoch: days)
        let weekday = Self.weekdays[((days % 7) + 11) % 7]
        let month = Self.months[date.month - 1]
        // "Www, DD Mmm YYYY hh:mm:ss GMT", from an array of blanks.
        var text = InlineArray<29, UInt8>(repeating: 0x20)
        func put(_ number: Int, at place: Int) {
            text[place] = UInt8(0x30 + number / 10)
            text[place + 1] = UInt8(0x30 + number % 10)
        }
        for place in 0..<3 {
            text[place] = UInt8(truncatingIfNeeded: weekday >> UInt32(16 - 8 * place))
            text[8 + place] = UInt8(truncatingIfNeeded: month >> UInt32(16 - 8 * place))
            text[26 + place] = UInt8(truncatingIfNeeded: 0x47_4D_54 >> (16 - 8 * place))
        }
        text[3] = 0x2C
        put(date.day, at: 5)
        put(date.year / 100, at: 12)
        put(date.year % 100, at: 14)
        put(second / 3_600, at: 17)
        text[19] = 0x3A
        put(second / 60 % 60, at: 20)
        text[22] = 0x3A
        put(second % 60, at: 23)
        bytes.append(text.span)
    }

    // Three letters each, the first one highest: Sun to Sat, Jan to Dec.
    private static let weekdays: InlineArray<7, UInt32> = [
        0x53_75_6E, 0x4D_6F_6E, 0x54_75_65, 0x57_65_64, 0x54_68_75, 0x46_72_69, 0x53_61_74,
    ]
    private static let months: InlineArray<12, UInt32> = [
        0x4A_61_6E, 0x46_65_62, 0x4D_61_72, 0x41_70_72, 0x4D_61_79, 0x4A_75_6E, 0x4A_75_6C, 0x41_75_67,
        0x53_65_70, 0x4F_63_74, 0x4E_6F_76, 0x44_65_63,
    ]

    private static func month(_ bytes: Span<UInt8>) -> Int? {
        guard bytes.count == 3 else { return nil }
        let letters = UInt32(bytes[0]) << 16 | UInt32(bytes[1]) << 8 | UInt32(bytes[2])
        for index in months.indices where months[index] == letters { return index + 1 }
        return nil
    }
}

/// A day of the proleptic Gregorian calendar, convertible to a day count without any library.
public struct CivilDate: Sendable, Hashable {
    /// The year, 0–9999 where it is printed.
    public let year: Int
    /// 1–12.
    public let month: Int
    /// 1–31.
    public let day: Int

    /// Makes a date from its parts, unchecked: 31 February converts to 3 March.
    public init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date so many days after 1970-01-01. Counts in eras of 400 years that begin on 1 March.
    public init(daysSinceEpoch: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        self.day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        self.month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        self.year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01.
    public var daysSinceEpoch: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

extension Array where Element == UInt8 {
    /// Appends a number 0–99 as two digits.
    public mutating func appendTwoDigits(_ number: Int) {
        append(UInt8(0x30 + number / 10))
        append(UInt8(0x30 + number % 10))
    }
}

extension Span where Element == UInt8 {
    /// The decimal number in a run of at most nine digits; `nil` if any byte is not a digit.
    fileprivate func number(_ range: Range<Int>) -> Int? {
        var value = 0
        for index in range {
            let digit = self[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}
