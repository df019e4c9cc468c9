/// JavaScript's `Number(text)`, by which the upstream reads `limit`.
///
/// It takes far more than decimal digits: white space around, exponents, fractions, a sign, `0x`, `0o` and
/// `0b`, and an empty text for zero.
enum JavaScriptNumber {
    /// The value, which may be infinite; `nil` stands for `NaN`.
    static func value(of text: String) -> Double? {
        let trimmed = String(String.UnicodeScalarView(trim(Array(text.unicodeScalars))))
        guard !trimmed.isEmpty else { return 0 }
        switch trimmed {
        case "Infinity", "+Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: return integer(trimmed) ?? decimal(trimmed)
        }
    }

    private static func trim(_ scalars: [Unicode.Scalar]) -> ArraySlice<Unicode.Scalar> {
        let isSpace = { (scalar: Unicode.Scalar) in
            switch scalar.value {
            case 0x09...0x0D, 0xFEFF, 0x2028, 0x2029: true
            default: scalar.properties.generalCategory == .spaceSeparator
            }
        }
        guard let first = scalars.firstIndex(where: { !isSpace($0) }),
            let last = scalars.lastIndex(where: { !isSpace($0) })
        else { return [] }
        return scalars[first...last]
    }

    private static func integer(_ text: String) -> Double? {
        let radixes: [(prefix: String, radix: Int)] = [("0x", 16), ("0o", 8), ("0b", 2)]
        guard let radix = radixes.first(where: { text.lowercased().hasPrefix($0.prefix) })?.radix,
            text.utf8.count > 2
        else { return nil }
        return text.dropFirst(2).reduce(Double?(0)) { sum, character in
            guard let sum, character.isASCII, let digit = character.hexDigitValue, digit < radix else {
                return nil
            }
            return sum * Double(radix) + Double(digit)
        }
    }

    // [sign] digits [. [digits]] | [sign] . digits, then perhaps an exponent.
    private static func decimal(_ text: String) -> Double? {
        var rest = Substring(text)
        let sign = takeSign(&rest)
        let whole = takeDigits(&rest)
        var fraction = ""
        if rest.first == "." {
            rest.removeFirst()
            fraction = takeDigits(&rest)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        var exponent = "0"
        if rest.first == "e" || rest.first == "E" {
            rest.removeFirst()
            let exponentSign = takeSign(&rest)
            let digits = takeDigits(&rest)
            guard !digits.isEmpty else { return nil }
            exponent = exponentSign + digits
        }
        guard rest.isEmpty else { return nil }
        return Double(sign + "0" + whole + "." + fraction + "0e" + exponent)
    }

    private static func takeSign(_ text: inout Substring) -> String {
        guard let sign = text.first, sign == "+" || sign == "-" else { return "" }
        text.removeFirst()
        return String(sign)
    }

    private static func takeDigits(_ text: inout Substring) -> String {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        text.removeFirst(digits.count)
        return String(digits)
    }
}
