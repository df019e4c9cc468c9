extension SettingsKind {
    /// A list of values of one kind, none twice.
    public static func list<Element: Hashable>(
        of kind: SettingsKind<Element>, count range: ClosedRange<Int>
    ) -> SettingsKind where Value == [Element] {
        let allowed = "\(range.lowerBound) to \(range.upperBound) of: \(kind.allowed)"
        return SettingsKind(
            name: "a list", allowed: allowed, placeholder: [],
            spell: { "[" + $0.map(kind.spell).joined(separator: ", ") + "]" }
        ) { value, place in
            guard case .array(let elements) = value.content else {
                place.wrongKind(value, expected: "a list", allowed: allowed)
                return nil
            }
            guard range.contains(elements.count) else {
                place.mistake(at: value.position, "\(elements.count) elements; allowed: \(allowed)")
                return nil
            }
            var list: [Element] = []
            var seen: Set<Element> = []
            for (index, element) in elements.enumerated() {
                guard let read = kind.read(element, place.element(index)) else { continue }
                if seen.insert(read).inserted {
                    list.append(read)
                } else {
                    place.element(index).mistake(
                        at: element.position,
                        "\(JSONText.quoted(kind.spell(read))) is listed twice; allowed: once")
                }
            }
            return list.count == elements.count ? list : nil
        }
    }

    /// One value, or a list of several: `"GET"` or `["GET", "POST"]`.
    public static func oneOrList<Element: Hashable>(
        of kind: SettingsKind<Element>, count range: ClosedRange<Int>
    ) -> SettingsKind where Value == [Element] {
        let list = SettingsKind.list(of: kind, count: range)
        return SettingsKind(
            name: "\(kind.name) or a list", allowed: kind.allowed, placeholder: [], spell: list.spell
        ) { value, place in
            if case .array = value.content { return list.read(value, place) }
            return kind.read(value, place).map { [$0] }
        }
    }
}

extension SettingsKind where Value == Int? {
    /// A word with a meaning of its own, read as `nil`, or a whole number: `"auto"` or `4`.
    public static func word(_ word: String, orIntegerIn range: ClosedRange<Int>) -> SettingsKind {
        let quoted = JSONText.quoted(word)
        let allowed = "\(quoted) or \(range.lowerBound) to \(range.upperBound)"
        return SettingsKind(
            name: "\(quoted) or an integer", allowed: allowed, placeholder: nil,
            spell: { $0.map { "\($0)" } ?? word }
        ) { value, place in
            switch value.content {
            case .string(word): return .some(nil)
            case .number(let number):
                if let integer = number.integer.flatMap({ Int(exactly: $0) }), range.contains(integer) {
                    return integer
                }
                place.mistake(
                    at: value.position, "\(number.text.prefix(40)) is not allowed; allowed: \(allowed)")
                return nil
            case .null, .boolean, .string, .array, .object:
                place.wrongKind(value, expected: "\(quoted) or an integer", allowed: allowed)
                return nil
            }
        }
    }
}

extension SettingsKind where Value == SecretSource {
    /// A reference to a secret. A plain string is never taken: settings are copied, printed and committed.
    public static func secret(_ presence: SecretPresence) -> SettingsKind {
        let allowed = "{ \"env\": \"NAME\" }, { \"file\": \"path\" } or { \"sealed\": \"…\" }"
        return SettingsKind(
            name: "a secret", allowed: allowed, placeholder: .environment(""), spell: { _ in "" }
        ) { value, place in
            guard case .object(let members) = value.content, members.count == 1, let member = members.first,
                case .string(let text) = member.value.content, !text.isEmpty
            else {
                place.mistake(at: value.position, "this is not a reference to a secret; allowed: \(allowed)")
                return nil
            }
            return SecretSource.read(key: member.key, text: text, value: member.value, presence, place)
        }
    }
}
