/// One thing that is wrong in a file of settings, told so that a person can mend it without asking.
public struct SettingsMistake: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file, as the caller named it.
    public let file: String
    /// The first character concerned.
    public let position: TextPosition
    /// The setting, such as `routes[2].cache.ttl`; empty for the file as a whole.
    public let keyPath: String
    /// What is wrong and what is allowed.
    public let text: String

    /// Makes a mistake from its parts.
    public init(file: String, position: TextPosition, keyPath: String, text: String) {
        self.file = file
        self.position = position
        self.keyPath = keyPath
        self.text = text
    }

    /// `file:line:column: key.path: what is wrong; allowed: what is allowed`. Editors jump to such a line.
    public var description: String {
        let place = "\(file):\(position.line):\(position.column): "
        return keyPath.isEmpty ? place + text : place + keyPath + ": " + text
    }
}

/// Why a file of settings gives nothing: all of its mistakes, in the order of the file, at least one.
public struct SettingsFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The mistakes.
    public let mistakes: [SettingsMistake]

    /// Makes a failure.
    public init(_ mistakes: [SettingsMistake]) {
        precondition(!mistakes.isEmpty, "a failure without a mistake")
        self.mistakes = mistakes
    }

    /// One line per mistake.
    public var description: String { mistakes.map(\.description).joined(separator: "\n") }
}
