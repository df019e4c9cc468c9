/// Durations as people write them: one whole number and one unit, `250ms`, `5s`, `2m`, `24h`, `90d`.
public enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// Reads a duration; `nil` for anything else, signs, fractions and spaces included.
    public static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text[digits.endIndex...]
        // Int64 takes a sign; the digits before it cannot hold one.
        guard let number = Int64(digits), let unit = units.first(where: { $0.suffix == suffix }) else {
            return nil
        }
        let (milliseconds, isTooLarge) = number.multipliedReportingOverflow(by: unit.milliseconds)
        return isTooLarge ? nil : .milliseconds(milliseconds)
    }

    /// Writes a duration in the largest unit that shows it exactly; what is below a millisecond is cut off.
    public static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        if milliseconds != 0 {
            let (whole, isTooLarge) = seconds.multipliedReportingOverflow(by: 1_000)
            // A duration of 292 million years does not need its milliseconds.
            if !isTooLarge { return "\(whole + milliseconds)ms" }
        }
        for unit in units.reversed() where unit.suffix != "ms" {
            let length = unit.milliseconds / 1_000
            if seconds % length == 0, seconds != 0 { return "\(seconds / length)\(unit.suffix)" }
        }
        return "0s"
    }
}
