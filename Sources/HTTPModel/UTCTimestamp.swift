/// A second in the form `2026-11-23T00:00:00Z` (RFC 3339 in UTC, without fractions), for files and logs.
public struct UTCTimestamp: Sendable, Hashable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public let unixSeconds: Int64

    /// The last second that the form can write: the end of the year 9999.
    public static let latest = UTCTimestamp(unixSeconds: 253_402_300_799)

    /// Makes a timestamp; the years 0–9999 can be written.
    public init(unixSeconds: Int64) { self.unixSeconds = unixSeconds }

    /// Reads exactly this form; `nil` for anything else, days that do not exist and leap seconds included.
    public init?(_ text: String) { self.init(Array(text.utf8).span) }

    /// Reads the same from bytes, without allocation.
    public init?(_ bytes: Span<UInt8>) {
        guard bytes.count == 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            bytes[19] == UInt8(ascii: "Z"),
            let year = Self.number(bytes.extracting(0..<4)), let month = Self.number(bytes.extracting(5..<7)),
            let day = Self.number(bytes.extracting(8..<10)),
            let hour = Self.number(bytes.extracting(11..<13)),
            let minute = Self.number(bytes.extracting(14..<16)),
            let second = Self.number(bytes.extracting(17..<19)),
            (1...12).contains(month), hour < 24, minute < 60, second < 60
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard CivilDate(daysSinceEpoch: date.daysSinceEpoch) == date else { return nil }
        unixSeconds = Int64(date.daysSinceEpoch * 86_400 + hour * 3_600 + minute * 60 + second)
    }

    /// The text.
    public var text: String {
        let days = Int((unixSeconds >= 0 ? unixSeconds : unixSeconds - 86_399) / 86_400)
        let second = Int(unixSeconds - Int64(days) * 86_400)
        let date = CivilDate(daysSinceEpoch: days)
        var out: [UInt8] = []
        out.appendTwoDigits(date.year / 100)
        out.appendTwoDigits(date.year % 100)
        for (mark, number) in [
            ("-", date.month), ("-", date.day), ("T", second / 3_600), (":", second / 60 % 60),
            (":", second % 60),
        ] {
            out.append(contentsOf: mark.utf8)
            out.appendTwoDigits(number)
        }
        return String(decoding: out, as: UTF8.self) + "Z"
    }

    private static func number(_ digits: Span<UInt8>) -> Int? {
        var value = 0
        for index in digits.indices {
            guard digits[index] &- 0x30 < 10 else { return nil }
            value = value * 10 + Int(digits[index] - 0x30)
        }
        return value
    }
}
