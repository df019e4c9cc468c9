/// Turns a JSON text into typed settings, or into the list of all its mistakes.
///
/// The caller declares every setting once, in the closure that reads the outermost section: key, kind,
/// default and a sentence. From the same declarations come decoding, bounds, the check for unknown keys and,
/// run by `describe`, the documentation; so none of them can say something else than the others.
public enum SettingsReader {
    /// Reads a text that came from `file` (named in messages; relative paths in the text start at its
    /// folder).
    ///
    /// - Throws: Every mistake found. What `declare` returned is given back only if there is none, so it may
    ///   hold placeholders for settings that could not be read.
    public static func read<Value>(
        _ bytes: [UInt8], file: String, limits: JSONLimits = JSONLimits(), world: SettingsWorld = .unchecked,
        _ declare: (SettingsSection) -> Value
    ) throws(SettingsFailure) -> Value {
        let ledger = SettingsLedger(file: file, world: world)
        let root = SettingsPlace(ledger: ledger, keyPath: "")
        do throws(JSONMistake) {
            let document = try JSONDocument(bytes, limits: limits)
            let value = SettingsSection.read(document.root, at: root, declare)
            if let value, ledger.isEmpty { return value }
        } catch {
            root.mistake(at: error.position, error.text)
        }
        throw SettingsFailure(ledger.sortedMistakes)
    }

    /// Runs the declarations without a text and gives what they declare, in their order.
    public static func describe<Value>(_ declare: (SettingsSection) -> Value) -> [SettingDescription] {
        let ledger = SettingsLedger(file: "", world: .unchecked)
        _ = SettingsSection.describe(at: SettingsPlace(ledger: ledger, keyPath: ""), declare)
        return ledger.descriptions
    }
}

/// What settings need to know of the machine, asked while a text is read so that the answer has a place in
/// it.
///
/// Closures, so that this module stays free of system calls and tests need no files.
public struct SettingsWorld {
    /// Why the file at a path cannot be read, as the end of a sentence; `nil` if it can.
    public let whyUnreadable: (_ path: String) -> String?
    /// Whether an environment variable is set and not empty.
    public let hasEnvironmentVariable: (_ name: String) -> Bool

    /// Makes a world from its answers.
    public init(
        whyUnreadable: @escaping (_ path: String) -> String?,
        hasEnvironmentVariable: @escaping (_ name: String) -> Bool
    ) {
        self.whyUnreadable = whyUnreadable
        self.hasEnvironmentVariable = hasEnvironmentVariable
    }

    /// A world in which every file and every variable is there.
    public static var unchecked: SettingsWorld {
        SettingsWorld(whyUnreadable: { _ in nil }, hasEnvironmentVariable: { _ in true })
    }
}
