/// One JSON object of settings, while it is read.
///
/// Every verb declares one setting and gives its value at once. A section lives for the length of the closure
/// that reads it; when the closure ends, the keys that nobody declared are mistakes. The same closure, run by
/// `SettingsReader.describe`, finds no text behind the section and gives defaults and placeholders while the
/// declarations are noted.
public final class SettingsSection {
    private let place: SettingsPlace
    private let source: Source
    private var declaredKeys: [String] = []
    private var faultyKeys: Set<String> = []

    private enum Source {
        /// An object of the text.
        case text(members: [String: JSONMember], position: TextPosition)
        /// No text: declarations are noted as documentation.
        case description
    }

    private init(place: SettingsPlace, source: Source) {
        self.place = place
        self.source = source
    }

    // MARK: Plain settings

    /// A setting that may be left out.
    public func value<Value>(
        _ key: String, _ kind: SettingsKind<Value>, default fallback: Value, _ sentence: String
    ) -> Value {
        note(key, kind, .fallback(kind.spell(fallback)), sentence)
        guard let member = member(key) else { return fallback }
        return read(member, kind) ?? fallback
    }

    /// A setting that must be there.
    public func required<Value>(_ key: String, _ kind: SettingsKind<Value>, _ sentence: String) -> Value {
        note(key, kind, .required, sentence)
        guard let member = member(key) else {
            missing(key, kind.allowed)
            return kind.placeholder
        }
        return read(member, kind) ?? kind.placeholder
    }

    /// A setting without a default: left out or `null`, it is absent.
    public func optional<Value>(
        _ key: String, _ kind: SettingsKind<Value>, _ sentence: String
    ) -> Value? {
        note(key, kind, .optional, sentence)
        guard let member = member(key), member.value.content != .null else { return nil }
        return read(member, kind)
    }

    // MARK: Sections within this one

    /// A section that always is: left out, it is the same as empty, so that a setting without a default is
    /// missed in it all the same.
    public func section<Value>(
        _ key: String, _ sentence: String, _ declare: (SettingsSection) -> Value
    ) -> Value {
        noteSection(key, "an object", .optional, sentence)
        let place = place.member(key)
        if case .description = source {
            let noted = place.ledger.descriptions.count
            let value = Self.describe(at: place, declare)
            let inside = place.ledger.descriptions[noted...].filter { $0.section == place.keyPath }
            if inside.contains(where: { $0.presence == .required }) {
                place.ledger.descriptions[noted - 1].presence = .required
            }
            return value
        }
        guard let member = member(key) else {
            return Self.read(members: [:], position: position, at: place, declare)
        }
        return Self.read(member.value, at: place, declare) ?? Self.placeholder(at: place, declare)
    }

    /// A section that means something by being there.
    public func optionalSection<Value>(
        _ key: String, _ sentence: String, _ declare: (SettingsSection) -> Value
    ) -> Value? {
        noteSection(key, "an object", .optional, sentence)
        if case .description = source { return Self.describe(at: place.member(key), declare) }
        guard let member = member(key) else { return nil }
        return Self.read(member.value, at: place.member(key), declare)
    }

    /// A list of sections; it may be left out if `count` allows none.
    public func list<Value>(
        _ key: String, count: ClosedRange<Int>, _ sentence: String, _ declare: (SettingsSection) -> Value
    ) -> [Value] {
        let allowed = "\(count.lowerBound) to \(count.upperBound) objects"
        noteSection(key, "a list of \(allowed)", count.contains(0) ? .optional : .required, sentence)
        if case .description = source {
            _ = Self.describe(at: place.member(key).anyEntry("[]"), declare)
        }
        guard let member = member(key) else {
            if !count.contains(0) { missing(key, "a list of \(allowed)") }
            return []
        }
        guard case .array(let elements) = member.value.content else {
            place.member(key).wrongKind(member.value, expected: "a list", allowed: allowed)
            return []
        }
        if !count.contains(elements.count) {
            mistake(key, "\(elements.count) elements; allowed: \(allowed)")
        }
        let place = place.member(key)
        return elements.enumerated().compactMap { index, element in
            Self.read(element, at: place.element(index), declare)
        }
    }

    /// Sections by name, in the order of the text; they may be left out if `count` allows none.
    public func map<Value>(
        _ key: String, count: ClosedRange<Int>, _ sentence: String,
        _ declare: (_ name: String, SettingsSection) -> Value
    ) -> [Value] {
        let allowed = "\(count.lowerBound) to \(count.upperBound) objects by name"
        noteSection(key, allowed, count.contains(0) ? .optional : .required, sentence)
        if case .description = source {
            _ = Self.describe(at: place.member(key).anyEntry(".NAME")) { declare("NAME", $0) }
        }
        guard let member = member(key) else {
            if !count.contains(0) { missing(key, allowed) }
            return []
        }
        guard case .object(let members) = member.value.content else {
            place.member(key).wrongKind(member.value, expected: "an object", allowed: allowed)
            return []
        }
        if !count.contains(members.count) { mistake(key, "\(members.count) entries; allowed: \(allowed)") }
        return members.compactMap { member in
            let place = place.member(key).member(member.key)
            guard SettingsName.isName(member.key) else {
                place.mistake(at: member.keyPosition, "not a name; allowed: 1 to 64 of A-Z a-z 0-9 . _ -")
                return nil
            }
            return Self.read(member.value, at: place) { declare(member.key, $0) }
        }
    }

    /// A setting that is a plain value or, written out, a section; absent if left out.
    public func optionalValueOrSection<Plain, Value>(
        _ key: String, _ kind: SettingsKind<Plain>, _ sentence: String, plain: (Plain) -> Value,
        section declare: (SettingsSection) -> Value
    ) -> Value? {
        noteSection(key, "\(kind.summary); or an object", .optional, sentence)
        if case .description = source { return Self.describe(at: place.member(key), declare) }
        guard let member = member(key) else { return nil }
        if case .object = member.value.content {
            return Self.read(member.value, at: place.member(key), declare)
        }
        guard let value = read(member, kind) else { return nil }
        return plain(value)
    }

    /// A word that decides which further settings this section has.
    public func variant<Value>(
        _ key: String, _ variants: [SettingsVariant<Value>], _ sentence: String
    ) -> Value? {
        let words = variants.map(\.word).joined(separator: ", ")
        let kind = SettingsKind<Int>.written(
            as: "one of the words", allowed: words, placeholder: 0, spell: { variants[$0].word }
        ) { string, _ in variants.firstIndex { $0.word == string } }
        guard case .description = source else {
            let index = required(key, kind, sentence)
            // Without a kind nobody can say which keys belong: none of them is called unknown then.
            if isFaulty(key) { declaredKeys += givenKeys }
            return isFaulty(key) ? nil : variants[index].declare(self)
        }
        note(key, kind, .required, sentence)
        return variants.map { $0.declare(self) }.first
    }

    // MARK: Checks between settings

    /// Notes a mistake about a setting, at its value or, if it is left out, at this section. Only the first
    /// mistake of a setting is kept: what follows from a value that could not be read is noise.
    public func mistake(_ key: String, _ text: String) {
        guard case .text(let members, let position) = source, !isFaulty(key) else { return }
        faultyKeys.insert(key)
        place.member(key).mistake(at: members[key]?.value.position ?? position, text)
    }

    /// Whether the text holds this setting.
    public func isGiven(_ key: String) -> Bool { givenKeys.contains(key) }

    /// Whether a mistake about this setting was noted: its value is a placeholder then, not to be judged.
    public func isFaulty(_ key: String) -> Bool { faultyKeys.contains(key) }

    /// Whether a mistake about any setting of this section itself was noted.
    public var isFaulty: Bool { !faultyKeys.isEmpty }

    /// Where this section starts; for messages about another place.
    public var position: TextPosition {
        switch source {
        case .text(_, let position): position
        case .description: .nowhere
        }
    }

    // MARK: Running declarations

    /// Reads a value that must be an object; `nil` if it is none.
    static func read<Value>(
        _ value: JSONValue, at place: SettingsPlace, _ declare: (SettingsSection) -> Value
    ) -> Value? {
        guard case .object(let members) = value.content else {
            place.wrongKind(value, expected: "an object", allowed: "{ … }")
            return nil
        }
        let byKey = Dictionary(members.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        return read(members: byKey, position: value.position, at: place, declare)
    }

    private static func read<Value>(
        members: [String: JSONMember], position: TextPosition, at place: SettingsPlace,
        _ declare: (SettingsSection) -> Value
    ) -> Value {
        let section = SettingsSection(place: place, source: .text(members: members, position: position))
        let value = declare(section)
        section.noteUnknownKeys()
        return value
    }

    /// Runs declarations to note them.
    static func describe<Value>(at place: SettingsPlace, _ declare: (SettingsSection) -> Value) -> Value {
        declare(SettingsSection(place: place, source: .description))
    }

    /// What declarations give without a text, for a section whose mistake is noted already.
    private static func placeholder<Value>(
        at place: SettingsPlace, _ declare: (SettingsSection) -> Value
    ) -> Value {
        let unread = SettingsLedger(file: "", world: .unchecked)
        return describe(at: SettingsPlace(ledger: unread, keyPath: place.keyPath), declare)
    }

    // MARK: Leaves

    private func member(_ key: String) -> JSONMember? {
        switch source {
        case .text(let members, _): members[key]
        case .description: nil
        }
    }

    private var givenKeys: [String] {
        switch source {
        case .text(let members, _): Array(members.keys)
        case .description: []
        }
    }

    private func read<Value>(_ member: JSONMember, _ kind: SettingsKind<Value>) -> Value? {
        let value = kind.read(member.value, place.member(member.key))
        if value == nil { faultyKeys.insert(member.key) }
        return value
    }

    private func missing(_ key: String, _ expected: String) {
        mistake(key, "missing; allowed: \(expected)")
    }

    private func note<Value>(
        _ key: String, _ kind: SettingsKind<Value>, _ presence: SettingDescription.Presence,
        _ sentence: String
    ) {
        noteSection(key, kind.summary, presence, sentence)
    }

    private func noteSection(
        _ key: String, _ allowed: String, _ presence: SettingDescription.Presence, _ sentence: String
    ) {
        if !declaredKeys.contains(key) { declaredKeys.append(key) }
        guard case .description = source else { return }
        place.ledger.descriptions.append(
            SettingDescription(
                section: place.keyPath, key: key, allowed: allowed, presence: presence, sentence: sentence))
    }

    private func noteUnknownKeys() {
        guard case .text(let members, _) = source else { return }
        for member in members.values where !declaredKeys.contains(member.key) {
            let closest = SettingsName.closest(to: member.key, among: declaredKeys)
            let hint = closest.map { "did you mean \(JSONText.quoted($0))?" }
            place.member(member.key).mistake(
                at: member.keyPosition,
                "unknown key; \(hint ?? "allowed: " + declaredKeys.joined(separator: ", "))")
        }
    }
}

/// One word of `SettingsSection.variant` with the settings that belong to it.
public struct SettingsVariant<Value> {
    /// The word.
    let word: String
    /// Reads the settings that belong to it.
    let declare: (SettingsSection) -> Value

    /// Makes a variant.
    public init(_ word: String, _ declare: @escaping (SettingsSection) -> Value) {
        self.word = word
        self.declare = declare
    }
}
