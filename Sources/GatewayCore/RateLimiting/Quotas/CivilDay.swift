/// A day of the Gregorian calendar, without regard to where.
struct CivilDay: Sendable, Hashable {
    let year: Int64
    /// 1 ... 12.
    let month: Int64
    /// 1 ... 31.
    let day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The day that seconds of local time since 1970 lie in.
    init(secondsSince1970 seconds: Int64) {
        // Days since 0000-03-01, so that the leap day is the last of a year; eras of 400 years.
        let days = Self.quotient(seconds, 86_400) + 719_468
        let era = Self.quotient(days, 146_097)
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01.
    var daysSince1970: Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = Self.quotient(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Seconds of local time since 1970 at its midnight.
    var secondsSince1970: Int64 { daysSince1970 * 86_400 }

    /// 0 for Sunday ... 6 for Saturday.
    var weekday: Int64 { (daysSince1970 % 7 + 11) % 7 }

    /// The day that the next day or month begins with.
    func beginningOfNext(_ period: QuotaPeriod) -> CivilDay {
        switch period {
        case .day: CivilDay(secondsSince1970: secondsSince1970 + 86_400)
        case .month:
            month == 12
                ? CivilDay(year: year + 1, month: 1, day: 1) : CivilDay(year: year, month: month + 1, day: 1)
        }
    }

    private static func quotient(_ dividend: Int64, _ divisor: Int64) -> Int64 {
        dividend >= 0 ? dividend / divisor : -((divisor - 1 - dividend) / divisor)
    }
}
