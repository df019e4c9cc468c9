import HTTPModel

/// The rule by which a zone's clocks change for ever: the text at the end of its file (RFC 9636 §3.3), the
/// `TZ` of POSIX with hours up to 167 either way.
enum TimeZoneFooter: Sendable, Hashable {
    /// Always so many seconds east of UTC.
    case constant(Int64)
    /// Two offsets in turn.
    case changing(standard: Int64, summer: Int64, begins: YearlyMoment, ends: YearlyMoment)

    /// A moment of each year.
    struct YearlyMoment: Sendable, Hashable {
        /// How the day is found.
        enum Day: Sendable, Hashable {
            /// Day 1 ... 365; the 29th of February is never counted.
            case ofYearWithoutLeapDay(Int64)
            /// Day 0 ... 365.
            case ofYear(Int64)
            /// The week 1 ... 5 (5 is the last) of a month in which a weekday (0 is Sunday) comes.
            case ofMonth(month: Int64, week: Int64, weekday: Int64)
        }

        let day: Day
        /// Seconds of local time behind its midnight; may be negative, or more than a day.
        let seconds: Int64

        /// Seconds of local time since 1970 at which it is in a year.
        func seconds(in year: Int64) -> Int64 {
            let first = CivilDay(year: year, month: 1, day: 1).daysSince1970
            let days: Int64
            switch day {
            case .ofYear(let number): days = first + number
            case .ofYearWithoutLeapDay(let number):
                let isLeap = CivilDay(year: year, month: 3, day: 1).daysSince1970 - first == 60
                days = first + number - 1 + (isLeap && number >= 60 ? 1 : 0)
            case .ofMonth(let month, let week, let weekday):
                let begin = CivilDay(year: year, month: month, day: 1)
                let next = begin.beginningOfNext(.month).daysSince1970
                var found = begin.daysSince1970 + (weekday - begin.weekday + 7) % 7 + (week - 1) * 7
                if found >= next { found -= 7 }
                days = found
            }
            return days * 86_400 + seconds
        }
    }

    /// Reads the text; `nil` if it is not one.
    init?(_ text: [UInt8]) {
        var reader = Reader(rest: text[...])
        guard reader.skipName(), let west = reader.time() else { return nil }
        let standard = -west
        if reader.rest.isEmpty {
            self = .constant(standard)
            return
        }
        guard reader.skipName() else { return nil }
        var summer = standard + 3_600
        if reader.rest.first != UInt8(ascii: ",") {
            guard let west = reader.time() else { return nil }
            summer = -west
        }
        guard let begins = reader.moment(), let ends = reader.moment(), reader.rest.isEmpty else {
            return nil
        }
        self = .changing(standard: standard, summer: summer, begins: begins, ends: ends)
    }

    /// Seconds east of UTC at a moment.
    func offset(at unixSeconds: Int64) -> Int64 {
        switch self {
        case .constant(let offset): return offset
        case .changing(let standard, let summer, let begins, let ends):
            let year = CivilDay(secondsSince1970: unixSeconds + standard).year
            // Each moment is told by the clock that it changes.
            let from = begins.seconds(in: year) - standard
            let until = ends.seconds(in: year) - summer
            let isSummer =
                from < until
                ? unixSeconds >= from && unixSeconds < until : unixSeconds >= from || unixSeconds < until
            return isSummer ? summer : standard
        }
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        /// Letters, or anything between angle brackets.
        mutating func skipName() -> Bool {
            if rest.first == UInt8(ascii: "<") {
                guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
                rest = rest[(end + 1)...]
                return true
            }
            let name = rest.prefix { $0.asciiLowercased &- 0x61 < 26 }
            rest = rest.dropFirst(name.count)
            return name.count >= 3
        }

        /// `[+-]hours[:minutes[:seconds]]`, in seconds.
        mutating func time() -> Int64? {
            var sign: Int64 = 1
            if let byte = rest.first, byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") {
                sign = byte == UInt8(ascii: "-") ? -1 : 1
                rest = rest.dropFirst()
            }
            guard let hours = number(upTo: 167) else { return nil }
            var seconds = hours * 3_600
            for unit in [60, 1] as [Int64] {
                guard take(":") else { break }
                guard let part = number(upTo: 59) else { return nil }
                seconds += part * unit
            }
            return sign * seconds
        }

        /// `,date[/time]`.
        mutating func moment() -> YearlyMoment? {
            guard take(","), let day = day() else { return nil }
            guard take("/") else { return YearlyMoment(day: day, seconds: 7_200) }
            return time().map { YearlyMoment(day: day, seconds: $0) }
        }

        private mutating func day() -> YearlyMoment.Day? {
            if take("J") {
                return number(upTo: 365).flatMap { $0 >= 1 ? .ofYearWithoutLeapDay($0) : nil }
            }
            guard take("M") else { return number(upTo: 365).map { .ofYear($0) } }
            guard let month = number(upTo: 12), month >= 1, take("."), let week = number(upTo: 5), week >= 1,
                take("."), let weekday = number(upTo: 6)
            else { return nil }
            return .ofMonth(month: month, week: week, weekday: weekday)
        }

        private mutating func number(upTo maximum: Int64) -> Int64? {
            let digits = rest.prefix { $0 &- 0x30 < 10 }
            guard (1...3).contains(digits.count) else { return nil }
            rest = rest.dropFirst(digits.count)
            let value = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
            return value <= maximum ? value : nil
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest = rest.dropFirst()
            return true
        }
    }
}
