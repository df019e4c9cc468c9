/// Invents meanings, and spells each in any of the many ways that mean it.
struct QuerySpeller {
    private var state: UInt64

    /// The same seed invents the same meanings and spellings.
    init(seed: UInt64) {
        state = seed
    }

    /// A number below `bound`.
    mutating func number(below bound: Int) -> Int {
        // SplitMix64: enough randomness for a test, and the same on every machine.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }

    /// One of these.
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(below: elements.count)] }

    /// A meaning; small ranges, so that equal and nearly equal ones come up often.
    mutating func meaning() -> QueryMeaning {
        var meaning = QueryMeaning()
        if number(below: 2) == 0 { meaning.status = pick(QueryReference.statuses.sorted()) }
        if number(below: 2) == 0 { meaning.createdFrom = moment() }
        if number(below: 2) == 0 { meaning.createdTo = moment() }
        if number(below: 2) == 0 { meaning.limit = 1 + number(below: 100) }
        if number(below: 2) == 0 {
            let characters = Array("abcxyz019")
            meaning.startingAfter =
                pick(["vs_", "vs_live_", "vs_test_"])
                + String((0..<64).map { $0 < 62 ? "a" : pick(characters) })
        }
        meaning.includesAttempts = number(below: 3) == 0
        return meaning
    }

    private mutating func moment() -> Int {
        let earliest = -62_135_596_800_000
        let latest = 253_402_300_799_999
        switch number(below: 4) {
        case 0: return pick([earliest, latest, 0, -1, 951_782_400_000, earliest + 1, latest - 1])
        case 1: return earliest + number(below: latest - earliest)
        case 2: return 1_795_422_600_000 + 60_000 * number(below: 3)
        default: return 1_795_422_600_000 + number(below: 3)
        }
    }

    /// One of the spellings of a meaning.
    mutating func query(_ meaning: QueryMeaning) -> [UInt8] {
        var pairs: [[UInt8]] = []
        if let status = meaning.status { pairs.append(pair("status", status)) }
        if let from = meaning.createdFrom { pairs.append(pair("created_from", time(from))) }
        if let to = meaning.createdTo { pairs.append(pair("created_to", time(to))) }
        if meaning.limit != 10 || number(below: 2) == 0 {
            pairs.append(pair("limit", String(repeating: "0", count: number(below: 4)) + "\(meaning.limit)"))
        }
        if let cursor = meaning.startingAfter {
            pairs.append(pair("starting_after", cursor))
        } else if number(below: 3) == 0 {
            pairs.append(pair("starting_after", ""))
        }
        if meaning.includesAttempts {
            pairs.append(pair("include_attempts", pick(["true", "1"])))
        } else if number(below: 2) == 0 {
            pairs.append(pair("include_attempts", pick(["", "0", "false"])))
        }
        for _ in 0..<number(below: 4) {
            let name = pick(["x", "Limit", "limit[]", "limit ", "status\u{E9}", "cursor", "="])
            pairs.append(pair(name, pick(["", "1", "a=b", "&limit=3", "é€", "%00"])))
        }
        if number(below: 4) == 0 { pairs.append([]) }
        if number(below: 4) == 0 { pairs.append(Array("=5".utf8)) }
        for index in pairs.indices { pairs.swapAt(index, number(below: pairs.count)) }
        return Array(pairs.joined(separator: [UInt8(ascii: "&")]))
    }

    private mutating func pair(_ name: String, _ value: String) -> [UInt8] {
        if value.isEmpty && number(below: 2) == 0 { return encoded(name) }
        return encoded(name) + [UInt8(ascii: "=")] + encoded(value)
    }

    /// Encodes what must be, and other characters as the dice fall; whole characters, so that all is UTF-8.
    private mutating func encoded(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        let share = pick([1, 10, 1_000])
        for scalar in text.unicodeScalars {
            let mustBeEncoded = !scalar.isASCII || " &=%+#\"<>".unicodeScalars.contains(scalar)
            if scalar == " " && number(below: 2) == 0 {
                output.append(UInt8(ascii: "+"))
            } else if mustBeEncoded || number(below: share) == 0 {
                for byte in String(scalar).utf8 {
                    let digits =
                        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: number(below: 2) == 0)
                    output.append(contentsOf: "%\(digits)".utf8)
                }
            } else {
                output.append(contentsOf: String(scalar).utf8)
            }
        }
        return output
    }

    /// One of the spellings of a moment: with some offset, some digits of fraction, seconds or none.
    private mutating func time(_ milliseconds: Int) -> String {
        let offset = number(below: 2) == 0 ? 0 : number(below: 2 * 1_439 + 1) - 1_439
        let local = milliseconds + offset * 60_000 + 62_135_596_800_000
        // A local time outside the years that can be written has no spelling with this offset.
        guard local >= 0, local < 3_652_059 * 86_400_000 else { return time(milliseconds) }
        let (date, rest) = (Self.date(daysSinceYear1: local / 86_400_000), local % 86_400_000)
        let hour = Self.padded(rest / 3_600_000)
        var text = "\(date)T\(hour):\(Self.padded(rest / 60_000 % 60))"
        if rest % 60_000 != 0 || number(below: 2) == 0 {
            text += ":\(Self.padded(rest / 1_000 % 60))"
            if rest % 1_000 != 0 || number(below: 2) == 0 {
                text += ".\(Self.padded(rest % 1_000, to: 3))"
                // Digits beyond the third are cut, not rounded.
                for _ in 0..<number(below: 6) { text += "\(number(below: 10))" }
            }
        }
        if offset == 0 { return text + pick(["Z", "Z", "+00:00", "-00:00"]) }
        let sign = offset < 0 ? "-" : "+"
        return text + "\(sign)\(Self.padded(abs(offset) / 60)):\(Self.padded(abs(offset) % 60))"
    }

    /// The date so many days after 0001-01-01, found by walking over years and months.
    private static func date(daysSinceYear1 days: Int) -> String {
        // 400 years are 146,097 days.
        var rest = days % 146_097
        var year = days / 146_097 * 400 + 1
        func isLeap(_ year: Int) -> Bool { year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) }
        while rest >= (isLeap(year) ? 366 : 365) {
            rest -= isLeap(year) ? 366 : 365
            year += 1
        }
        var month = 0
        let lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        while rest >= lengths[month] {
            rest -= lengths[month]
            month += 1
        }
        return "\(padded(year, to: 4))-\(padded(month + 1))-\(padded(rest + 1))"
    }

    private static func padded(_ number: Int, to digits: Int = 2) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
