/// Where a secret is kept. The secret itself is never part of the settings.
public enum SecretSource: Sendable, Hashable {
    /// In an environment variable of this name.
    case environment(String)
    /// In a file at this path, relative to the working directory; a line end after it is not part of it.
    case file(String)
    /// In this text, encrypted under a key derived from the pepper.
    case sealed(String)
}

/// Whether a secret has to be there when its settings are read.
public enum SecretPresence: Sendable {
    /// A missing variable or file is a mistake.
    case required
    /// It may be made, or come later; whoever needs it reports its absence then.
    case later
}

extension SecretSource {
    /// Reads the one member of a reference.
    static func read(
        key: String, text: String, value: JSONValue, _ presence: SecretPresence, _ place: SettingsPlace
    ) -> SecretSource? {
        switch key {
        case "env":
            guard SettingsName.isEnvironmentVariable(text) else {
                let allowed = "A-Z a-z 0-9 _, no digit first"
                place.mistake(at: value.position, "this is not the name of a variable; allowed: \(allowed)")
                return nil
            }
            if presence == .required, !place.world.hasEnvironmentVariable(text) {
                place.mistake(
                    at: value.position, "the environment variable \(text) is not set; allowed: one that is")
                return nil
            }
            return .environment(text)
        case "file":
            guard let path = SettingsKind<String>.path.read(value, place) else { return nil }
            if presence == .required, let reason = place.world.whyUnreadable(path) {
                place.mistake(
                    at: value.position, "\(JSONText.quoted(path)) \(reason); allowed: a readable file")
                return nil
            }
            return .file(path)
        case "sealed": return .sealed(text)
        default:
            place.mistake(
                at: value.position, "unknown key \(JSONText.quoted(key)); allowed: env, file, sealed")
            return nil
        }
    }
}
