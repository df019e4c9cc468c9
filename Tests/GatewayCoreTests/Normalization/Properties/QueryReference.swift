/// What a query of the sessions list asks for, in terms that no spelling enters.
struct QueryMeaning: Hashable {
    var status: String?
    /// Milliseconds since 1970.
    var createdFrom: Int?
    /// Milliseconds since 1970.
    var createdTo: Int?
    var limit = 10
    var startingAfter: String?
    var includesAttempts = false
}

/// Slow and obvious readings of a query, written without the gateway's code: by its documentation, and as the
/// upstream reads it.
struct QueryReference {
    // Made once: making a regular expression costs more than matching it.
    private let cursor = #/vs_(live_|test_)?[a-z0-9]{64}/#
    private let tripletRun = #/(%[0-9A-Fa-f]{2})+/#
    private let decimal = #/[+\-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+\-]?[0-9]+)?/#
    private let moment =
        #/
        ([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}) (:([0-9]{2}) (\.([0-9]+))?)?
        (Z | ([+\-])([0-9]{2}):([0-9]{2}))
        /#

    /// What the documentation promises for a query.
    enum Reading: Equatable {
        case meaning(QueryMeaning)
        case opaque
        case refused
    }

    static let names = [
        "status", "created_from", "created_to", "limit", "starting_after", "include_attempts",
    ]
    static let statuses: Set = [
        "created", "in_progress", "completed", "succeeded", "failed", "expired", "cancelled",
    ]

    /// Reads a query as the gateway's documentation says.
    func documented(_ query: [UInt8]) -> Reading {
        if query.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) { return .refused }
        let pairs = pairs(of: query)
        if query.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).count > 65 {
            return .refused
        }
        var meaning = QueryMeaning()
        var isOpaque = false
        for name in Self.names {
            let values = pairs.filter { $0.name == name }.map(\.value)
            guard let value = values.first else { continue }
            guard values.count == 1 else { return .refused }
            switch read(value, of: name, into: &meaning) {
            case .none: return .refused
            case .some(let isUnderstood): if !isUnderstood { isOpaque = true }
            }
        }
        return isOpaque ? .opaque : .meaning(meaning)
    }

    /// Notes one value; `false` if the upstream may know more than we do, `nil` if it is outside the model.
    private func read(_ value: String, of name: String, into meaning: inout QueryMeaning) -> Bool? {
        switch name {
        case "status":
            guard Self.statuses.contains(value) else { return nil }
            meaning.status = value
        case "created_from":
            guard let moment = moment(of: value, allowingOffsets: true) else { return nil }
            meaning.createdFrom = moment
        case "created_to":
            guard let moment = moment(of: value, allowingOffsets: true) else { return nil }
            meaning.createdTo = moment
        case "limit":
            let isPlain = !value.isEmpty && value.utf8.allSatisfy { (0x30...0x39).contains($0) }
            if !isPlain && value.utf8.count > 64 { return false }
            let number = scriptNumber(value)
            guard number >= 1, number <= 100, number == number.rounded() else { return nil }
            if !isPlain { return false }
            meaning.limit = Int(number)
        case "starting_after":
            if value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return nil }
            if !value.isEmpty && value.wholeMatch(of: cursor) == nil {
                return false
            }
            meaning.startingAfter = value.isEmpty ? nil : value
        default:
            guard ["", "false", "0", "true", "1"].contains(value) else { return nil }
            meaning.includesAttempts = value == "true" || value == "1"
        }
        return true
    }

    /// What the upstream takes a query for; `nil` if it answers 400 or fails.
    func upstream(_ query: [UInt8]) -> QueryMeaning? {
        var meaning = QueryMeaning()
        let pairs = pairs(of: query)
        for name in Self.names {
            let values = pairs.filter { $0.name == name }.map(\.value)
            guard let value = values.first else { continue }
            if name == "include_attempts" {
                meaning.includesAttempts = values.count > 1 || !value.isEmpty
                continue
            }
            guard values.count == 1 else { return nil }
            switch name {
            case "status":
                guard Self.statuses.contains(value) else { return nil }
                meaning.status = value
            case "created_from", "created_to":
                guard let moment = moment(of: value, allowingOffsets: false) else { return nil }
                if name == "created_from" { meaning.createdFrom = moment } else { meaning.createdTo = moment }
            case "limit":
                let number = scriptNumber(value)
                guard number >= 1, number <= 100, number == number.rounded() else { return nil }
                meaning.limit = Int(number)
            default:
                if value.utf8.contains(0) { return nil }
                meaning.startingAfter = value.isEmpty ? nil : value
            }
        }
        return meaning
    }

    // MARK: Decoding

    private func pairs(of query: [UInt8]) -> [(name: String, value: String)] {
        query.split(separator: UInt8(ascii: "&")).compactMap { piece in
            let parts = piece.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = decoded(Array(parts[0]))
            return name.isEmpty ? nil : (name, parts.count > 1 ? decoded(Array(parts[1])) : "")
        }
    }

    /// `+` to space, then every longest run of triplets that is UTF-8 as a whole.
    private func decoded(_ text: [UInt8]) -> String {
        let spaced = String(decoding: text.map { $0 == UInt8(ascii: "+") ? 0x20 : $0 }, as: UTF8.self)
        return spaced.replacing(tripletRun) { match in
            let bytes = match.output.0.split(separator: "%").compactMap { UInt8($0, radix: 16) }
            return String(validating: bytes, as: UTF8.self) ?? String(match.output.0)
        }
    }

    // MARK: Values

    /// `Number(text)`; NaN if it is none.
    private func scriptNumber(_ text: String) -> Double {
        var scalars = Array(text.unicodeScalars)
        while let first = scalars.first, Self.isScriptSpace(first) { scalars.removeFirst() }
        while let last = scalars.last, Self.isScriptSpace(last) { scalars.removeLast() }
        var trimmed = String.UnicodeScalarView()
        trimmed.append(contentsOf: scalars)
        let number = String(trimmed)
        if number.isEmpty { return 0 }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where number.lowercased().hasPrefix(prefix)
        {
            let digits = number.dropFirst(2)
            guard digits.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2D }) else { return .nan }
            return Int(digits, radix: radix).map(Double.init) ?? .nan
        }
        return number.wholeMatch(of: decimal) == nil ? .nan : Double(number) ?? .nan
    }

    private static func isScriptSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .spaceSeparator
            || "\t\n\u{B}\u{C}\r\u{2028}\u{2029}\u{FEFF}".unicodeScalars.contains(scalar)
    }

    /// Milliseconds since 1970 of an ISO time; counts its days.
    private func moment(of text: String, allowingOffsets: Bool) -> Int? {
        guard let parts = text.wholeMatch(of: moment)?.output, let year = Int(parts.1), year > 0,
            let month = Int(parts.2), let day = Int(parts.3), let hour = Int(parts.4),
            let minute = Int(parts.5),
            (1...12).contains(month), (1...Self.length(ofMonth: month, year)).contains(day), hour < 24,
            minute < 60,
            allowingOffsets || parts.10 == "Z"
        else { return nil }
        let second = parts.7.flatMap { Int($0) } ?? 0
        let millisecond = parts.9.flatMap { Int(($0 + "000").prefix(3)) } ?? 0
        guard second < 60 else { return nil }
        var offset = 0
        if let hours = parts.12.flatMap({ Int($0) }), let minutes = parts.13.flatMap({ Int($0) }) {
            guard hours < 24, minutes < 60 else { return nil }
            offset = (hours * 60 + minutes) * (parts.11 == "-" ? -1 : 1)
        }
        // 400 years are 146,097 days; the rest is counted year by year and month by month.
        var days = (year - 1) / 400 * 146_097
        for earlier in (year - (year - 1) % 400)..<year { days += Self.length(ofMonth: 2, earlier) + 337 }
        for earlier in 1..<month { days += Self.length(ofMonth: earlier, year) }
        let minutes = (days + day - 1) * 1_440 + hour * 60 + minute - offset
        let sinceYear1 = (minutes * 60 + second) * 1_000 + millisecond
        guard sinceYear1 >= 0, sinceYear1 < 3_652_059 * 86_400_000 else { return nil }
        return sinceYear1 - 719_162 * 86_400_000
    }

    private static func length(ofMonth month: Int, _ year: Int) -> Int {
        let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
        if month == 2 { return isLeap ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }
}
