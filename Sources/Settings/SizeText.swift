/// Sizes as people write them: one whole number and one unit, `512B`, `64KiB`, `256MiB`, `2GiB`.
public enum SizeText {
    private static let units: [(suffix: String, bytes: Int)] = [
        ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
    ]

    /// Reads a size in bytes; `nil` for anything else, signs, fractions and spaces included.
    public static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text[digits.endIndex...]
        guard let number = Int(digits), let unit = units.first(where: { $0.suffix == suffix }) else {
            return nil
        }
        let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: unit.bytes)
        return isTooLarge ? nil : bytes
    }

    /// Writes a size in the largest unit that shows it exactly.
    public static func text(_ bytes: Int) -> String {
        for unit in units.reversed() where bytes % unit.bytes == 0 && bytes != 0 {
            return "\(bytes / unit.bytes)\(unit.suffix)"
        }
        return "0B"
    }
}
