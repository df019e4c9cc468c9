/// A setting's place: what it is called, and where mistakes about it go.
public struct SettingsPlace {
    /// Where mistakes go.
    let ledger: SettingsLedger
    /// The setting, such as `routes[2].cache.ttl`.
    public let keyPath: String

    /// What is known of the machine.
    public var world: SettingsWorld { ledger.world }

    /// A path as written, made relative to the folder of the file that names it.
    public func resolve(path: String) -> String {
        path.hasPrefix("/") ? path : ledger.folder + path
    }

    /// Notes a mistake; `text` says what is wrong and what is allowed.
    public func mistake(at position: TextPosition, _ text: String) {
        ledger.note(
            SettingsMistake(file: ledger.file, position: position, keyPath: keyPath, text: text))
    }

    /// Notes that a value is of another kind than expected. The value itself is not shown: it may be a secret
    /// somebody wrote where a reference to one belongs.
    func wrongKind(_ value: JSONValue, expected: String, allowed: String) {
        mistake(at: value.position, "expected \(expected), found \(value.content.kind); allowed: \(allowed)")
    }

    /// The place of a member; a key of unusual characters is shown in quotes.
    func member(_ key: String) -> SettingsPlace {
        let isPlain = key.utf8.allSatisfy { byte in
            byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x5F || byte == 0x2D
        }
        let name = isPlain && !key.isEmpty ? key : JSONText.quoted(key)
        return SettingsPlace(ledger: ledger, keyPath: keyPath.isEmpty ? name : "\(keyPath).\(name)")
    }

    /// The place of an element.
    func element(_ index: Int) -> SettingsPlace {
        SettingsPlace(ledger: ledger, keyPath: "\(keyPath)[\(index)]")
    }

    /// The place of any one entry, as the documentation writes it: `routes[]`, `plans.NAME`.
    func anyEntry(_ suffix: String) -> SettingsPlace {
        SettingsPlace(ledger: ledger, keyPath: keyPath + suffix)
    }
}

/// Gathers what one reading or describing run finds. Confined to that run.
final class SettingsLedger {
    /// More than anybody mends in one go; a file of a megabyte could hold a hundred thousand.
    private static let maximumMistakes = 100

    /// The file, as the caller named it.
    let file: String
    /// The folder of the file with its slash, or nothing for the working directory.
    let folder: String
    /// What is known of the machine.
    let world: SettingsWorld
    private var mistakes: [SettingsMistake] = []
    private var unshownMistakes = 0
    /// What was declared; filled by a describing run only.
    var descriptions: [SettingDescription] = []

    /// An empty ledger.
    init(file: String, world: SettingsWorld) {
        self.file = file
        self.world = world
        folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    }

    /// Whether no mistake was noted.
    var isEmpty: Bool { mistakes.isEmpty }

    /// Notes a mistake, or counts it once there are many.
    func note(_ mistake: SettingsMistake) {
        if mistakes.count < Self.maximumMistakes {
            mistakes.append(mistake)
        } else {
            unshownMistakes += 1
        }
    }

    /// The mistakes in the order of the file; declarations come in another order.
    var sortedMistakes: [SettingsMistake] {
        var sorted = mistakes.sorted {
            ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column)
        }
        if let last = sorted.last, unshownMistakes > 0 {
            let text = "\(unshownMistakes) further mistakes are not shown"
            sorted.append(SettingsMistake(file: file, position: last.position, keyPath: "", text: text))
        }
        return sorted
    }
}
