/// What a setting may hold: how it is read from JSON, what is allowed, and how it is shown.
///
/// A value instead of a protocol, so that bounds are part of it and kinds are built from kinds.
public struct SettingsKind<Value> {
    /// The word for it in messages and documentation, with its article: `a duration`.
    public let name: String
    /// What is allowed, as the end of a sentence: `1ms to 1m`.
    public let allowed: String
    /// Kind and bounds as the documentation shows them.
    var summary: String { allowed.hasPrefix(name) ? allowed : "\(name); \(allowed)" }
    /// Stands in for a value that could not be read; never reaches a finished configuration.
    public let placeholder: Value
    /// Shows a value as it would be written.
    let spell: (Value) -> String
    /// Reads a value; `nil` means that the mistake has been noted.
    let read: (JSONValue, SettingsPlace) -> Value?

    /// Puts a kind together.
    init(
        name: String, allowed: String, placeholder: Value, spell: @escaping (Value) -> String,
        read: @escaping (JSONValue, SettingsPlace) -> Value?
    ) {
        self.name = name
        self.allowed = allowed
        self.placeholder = placeholder
        self.spell = spell
        self.read = read
    }

    /// A kind that is written as a string; `parse` gives `nil` for a string that is not allowed.
    public static func written(
        as name: String, allowed: String, placeholder: Value, spell: @escaping (Value) -> String,
        parse: @escaping (String, SettingsPlace) -> Value?
    ) -> SettingsKind {
        judged(as: name, allowed: allowed, placeholder: placeholder, spell: spell) { string, place in
            if let value = parse(string, place) { return .success(value) }
            return .failure(SettingsRefusal("\(shown(string)) is not \(name); allowed: \(allowed)"))
        }
    }

    /// A kind that is written as a string; `parse` gives the reason why a string is not allowed.
    public static func judged(
        as name: String, allowed: String, placeholder: Value, spell: @escaping (Value) -> String,
        parse: @escaping (String, SettingsPlace) -> Result<Value, SettingsRefusal>
    ) -> SettingsKind {
        SettingsKind(name: name, allowed: allowed, placeholder: placeholder, spell: spell) { value, place in
            guard case .string(let string) = value.content else {
                place.wrongKind(value, expected: name, allowed: allowed)
                return nil
            }
            switch parse(string, place) {
            case .success(let parsed): return parsed
            case .failure(let refusal):
                place.mistake(at: value.position, refusal.sentence)
                return nil
            }
        }
    }

    /// A string as messages show it: in quotes, and cut, since it may be anything.
    private static func shown(_ string: String) -> String {
        JSONText.quoted(string.count > 60 ? string.prefix(60) + "…" : string)
    }
}

/// Why a value is not allowed.
public struct SettingsRefusal: Error, Sendable, Hashable {
    /// What is wrong and what is allowed.
    public let sentence: String

    /// Makes a refusal.
    public init(_ sentence: String) { self.sentence = sentence }
}

extension SettingsKind where Value: Comparable {
    /// A kind that is written as a string with a unit, within bounds.
    private static func measured(
        as name: String, such examples: String, in range: ClosedRange<Value>,
        spell: @escaping (Value) -> String, parse: @escaping (String) -> Value?
    ) -> SettingsKind {
        let allowed = "\(spell(range.lowerBound)) to \(spell(range.upperBound))"
        return .judged(as: name, allowed: allowed, placeholder: range.lowerBound, spell: spell) { string, _ in
            guard let value = parse(string) else {
                return .failure(
                    SettingsRefusal(
                        "\(shown(string)) is not \(name) such as \(examples); allowed: \(allowed)"))
            }
            guard range.contains(value) else {
                return .failure(SettingsRefusal("\(shown(string)) is out of bounds; allowed: \(allowed)"))
            }
            return .success(value)
        }
    }
}

extension SettingsKind where Value == Duration {
    /// A length of time, such as `250ms`, `5s`, `2m`, `24h` or `90d`.
    public static func duration(in range: ClosedRange<Duration>) -> SettingsKind {
        .measured(
            as: "a duration", such: "250ms, 5s, 2m, 24h, 90d", in: range, spell: DurationText.text,
            parse: DurationText.parse)
    }
}

extension SettingsKind where Value == Int {
    /// A number of bytes, such as `64KiB`, `256MiB` or `512B`.
    public static func size(in range: ClosedRange<Int>) -> SettingsKind {
        .measured(
            as: "a size", such: "512B, 64KiB, 256MiB, 2GiB", in: range, spell: SizeText.text,
            parse: SizeText.parse)
    }

    /// A whole number.
    public static func integer(in range: ClosedRange<Int>) -> SettingsKind {
        let allowed = "\(range.lowerBound) to \(range.upperBound)"
        return SettingsKind(
            name: "an integer", allowed: allowed, placeholder: range.lowerBound, spell: { "\($0)" }
        ) { value, place in
            guard case .number(let number) = value.content else {
                place.wrongKind(value, expected: "an integer", allowed: allowed)
                return nil
            }
            return read(number, at: value.position, in: range, allowed: allowed, place)
        }
    }

    /// Reads a number that must be an integer within bounds.
    static func read(
        _ number: JSONNumber, at position: TextPosition, in range: ClosedRange<Int>, allowed: String,
        _ place: SettingsPlace
    ) -> Int? {
        guard let integer = number.integer.flatMap({ Int(exactly: $0) }) else {
            place.mistake(at: position, "\(number.text.prefix(40)) is not an integer; allowed: \(allowed)")
            return nil
        }
        guard range.contains(integer) else {
            place.mistake(at: position, "\(integer) is out of bounds; allowed: \(allowed)")
            return nil
        }
        return integer
    }
}

extension SettingsKind where Value == String {
    /// Any text without control characters, in UTF-8 bytes.
    public static func text(bytes range: ClosedRange<Int>) -> SettingsKind {
        .written(
            as: "a text",
            allowed: "\(range.lowerBound) to \(range.upperBound) bytes without control characters",
            placeholder: "", spell: { $0 }
        ) { string, _ in
            let isClean = string.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)
            }
            return isClean && range.contains(string.utf8.count) ? string : nil
        }
    }

    /// A name that goes into logs, metrics and header fields as it is.
    public static var name: SettingsKind {
        .written(
            as: "a name", allowed: "1 to 64 of A-Z a-z 0-9 . _ -", placeholder: "", spell: { $0 }
        ) { string, _ in
            SettingsName.isName(string) ? string : nil
        }
    }

    /// A path; given back relative to the working directory, not to the file.
    public static var path: SettingsKind {
        .written(
            as: "a path", allowed: "a path, relative to this file or absolute", placeholder: "",
            spell: { $0 }
        ) { string, place in
            SettingsName.isPath(string) ? place.resolve(path: string) : nil
        }
    }

    /// The path of a file that must be there and readable.
    public static var readableFile: SettingsKind {
        let path = SettingsKind.path
        return SettingsKind(
            name: "a readable file", allowed: "a readable file, relative to this file or absolute",
            placeholder: "", spell: { $0 }
        ) { value, place in
            guard let file = path.read(value, place) else { return nil }
            guard let reason = place.world.whyUnreadable(file) else { return file }
            place.mistake(
                at: value.position, "\(JSONText.quoted(file)) \(reason); allowed: a readable file")
            return nil
        }
    }
}

extension SettingsKind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One word of a closed set.
    public static var choice: SettingsKind {
        let words = Value.allCases.map(\.rawValue)
        guard let placeholder = Value.allCases.first else { preconditionFailure("a choice without words") }
        return .written(
            as: "one of the words", allowed: words.joined(separator: ", "), placeholder: placeholder,
            spell: { $0.rawValue }
        ) { string, _ in Value(rawValue: string) }
    }
}
