/// A point in time as the upstream's database keeps it: microseconds since 1970.
///
/// The API shows milliseconds only, so a row's real time lies up to 999 microseconds after the one shown: the
/// "hidden microseconds" by which `created_to=<shown value>` misses its own row.
struct SessionTime: Sendable, Hashable, Comparable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    let microseconds: Int64

    /// Orders by time.
    static func < (earlier: SessionTime, later: SessionTime) -> Bool {
        earlier.microseconds < later.microseconds
    }

    /// The time `seconds` after this one; negative counts back.
    func adding(seconds: Int64) -> SessionTime {
        SessionTime(microseconds: microseconds + seconds * 1_000_000)
    }

    /// The form the API prints, cut to milliseconds: `2026-11-23T12:00:00.000Z`.
    var text: String {
        let milliseconds = microseconds.dividingRoundingDown(by: 1_000)
        let seconds = milliseconds.dividingRoundingDown(by: 1_000)
        let days = seconds.dividingRoundingDown(by: 86_400)
        let secondOfDay = seconds - days * 86_400
        let date = Self.civilDate(daysSince1970: days)
        return Self.digits(date.year, 4) + "-" + Self.digits(date.month, 2) + "-" + Self.digits(date.day, 2)
            + "T"
            + Self.digits(secondOfDay / 3_600, 2) + ":" + Self.digits(secondOfDay / 60 % 60, 2) + ":"
            + Self.digits(secondOfDay % 60, 2) + "." + Self.digits(milliseconds - seconds * 1_000, 3) + "Z"
    }

    /// The form of the `Date` field: `Mon, 23 Nov 2026 22:57:00 GMT` (RFC 9110 §5.6.7).
    var httpDate: String {
        let seconds = microseconds.dividingRoundingDown(by: 1_000_000)
        let days = seconds.dividingRoundingDown(by: 86_400)
        let date = Self.civilDate(daysSince1970: days)
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let weekday = weekdays[Int(days - days.dividingRoundingDown(by: 7) * 7)]
        let clock = text.dropFirst(11).prefix(8)
        return
            "\(weekday), \(Self.digits(date.day, 2)) \(months[Int(date.month) - 1]) \(date.year) \(clock) GMT"
    }

    /// What the upstream's validator makes of a `created_from` or `created_to` text.
    enum Reading: Sendable, Equatable {
        /// Accepted, cut to milliseconds as JavaScript's `Date` does.
        case time(SessionTime)
        /// Year 0000: the validator accepts it, the database does not.
        case databaseFails
        /// Not the accepted form.
        case invalid
    }

    /// Reads `YYYY-MM-DDTHH:MM[:SS[.fraction]]Z`: UTC only, capitals only, real days only; the fraction may
    /// have any number of digits and is cut after the third.
    static func read(_ text: String) -> Reading {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            return bytes[range].reduce(Int64?(0)) { sum, byte in
                guard let sum, (0x30...0x39).contains(byte) else { return nil }
                return sum * 10 + Int64(byte - 0x30)
            }
        }
        func has(_ character: Unicode.Scalar, at index: Int) -> Bool {
            index < bytes.count && UInt32(bytes[index]) == character.value
        }

        guard let year = number(0..<4), has("-", at: 4), let month = number(5..<7), has("-", at: 7),
            let day = number(8..<10), has("T", at: 10), let hour = number(11..<13), has(":", at: 13),
            let minute = number(14..<16), (1...12).contains(month),
            (1...Self.daysIn(month: month, year: year)).contains(day), hour < 24, minute < 60
        else { return .invalid }
        var second: Int64 = 0
        var millisecond: Int64 = 0
        var position = 16
        if has(":", at: position) {
            guard let value = number(17..<19), value < 60 else { return .invalid }
            second = value
            position = 19
            if has(".", at: position) {
                let fraction = bytes[(position + 1)...].prefix { (0x30...0x39).contains($0) }
                guard !fraction.isEmpty else { return .invalid }
                for index in 0..<3 {
                    let digit =
                        index < fraction.count ? Int64(fraction[fraction.startIndex + index] - 0x30) : 0
                    millisecond = millisecond * 10 + digit
                }
                position += 1 + fraction.count
            }
        }
        guard has("Z", at: position), position + 1 == bytes.count else { return .invalid }
        guard year > 0 else { return .databaseFails }
        let days = daysSince1970(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
        return .time(SessionTime(microseconds: (seconds * 1_000 + millisecond) * 1_000))
    }

    private static func daysIn(month: Int64, year: Int64) -> Int64 {
        let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        return switch month {
        case 2: isLeap ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    // The year is counted from March, so that the leap day comes last and every month's start is a linear
    // formula; 400 years are 146 097 days, and 719 468 days lie between 0000-03-01 and 1970-01-01.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month > 2 ? year : year - 1
        let era = marchYear.dividingRoundingDown(by: 400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civilDate(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.dividingRoundingDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func digits(_ value: Int64, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}

extension Int64 {
    /// The quotient rounded towards minus infinity: a calendar must not fold at 1970. `divisor` is positive.
    fileprivate func dividingRoundingDown(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((divisor - 1 - self) / divisor)
    }
}
