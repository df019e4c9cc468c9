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

    /// The preferred form.
    public var bytes: [UInt8] {
        let days = Int((unixSeconds >= 0 ? unixSeconds : unixSeconds - 86_399) / 86_400)
        let second = Int(unixSeconds - Int64(days) * 86_400)
        let date = CivilDate(daysSinceEpoch: days)
        let weekday = ((days % 7) + 11) % 7
        var out: [UInt8] = []
        out.reserveCapacity(Self.byteCount)
        out.append(contentsOf: Self.weekdays[weekday].utf8)
        out.append(contentsOf: ", ".utf8)
        out.appendTwoDigits(date.day)
        out.append(0x20)
        out.append(contentsOf: Self.months[date.month - 1].utf8)
        out.append(0x20)
        out.appendTwoDigits(date.year / 100)
        out.appendTwoDigits(date.year % 100)
        out.append(0x20)
        out.appendTwoDigits(second / 3_600)
        out.append(0x3A)
        out.appendTwoDigits(second / 60 % 60)
        out.append(0x3A)
        out.appendTwoDigits(second % 60)
        out.append(contentsOf: " GMT".utf8)
        return out
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func month(_ bytes: Span<UInt8>) -> Int? {
        for index in months.indices where Array(months[index].utf8).span.equals(bytes) { return index + 1 }
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
