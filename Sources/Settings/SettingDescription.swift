/// What the declaration of one setting says, for people.
public struct SettingDescription: Sendable, Hashable {
    /// The section it stands in, such as `routes[].cache`; empty for the outermost.
    public let section: String
    /// The key within the section.
    public let key: String
    /// The kind of value and its bounds.
    public let allowed: String
    /// Whether it must be there.
    public let presence: Presence
    /// What it does.
    public let sentence: String

    /// Whether a setting must be there.
    public enum Presence: Sendable, Hashable {
        /// Left out, it is a mistake.
        case required
        /// Left out, it is absent.
        case optional
        /// Left out, it is this.
        case fallback(String)
    }

    /// Tables of settings in Markdown, one per section, in the order of declaration.
    public static func markdown(_ descriptions: [SettingDescription]) -> String {
        var sections: [String] = []
        for description in descriptions where !sections.contains(description.section) {
            sections.append(description.section)
        }
        return sections.map { section in
            let rows = descriptions.filter { $0.section == section }.map(\.row)
            let title = section.isEmpty ? "The file" : "`\(section)`"
            return "## \(title)\n\n| key | default | allowed | meaning |\n|---|---|---|---|\n"
                + rows.joined(separator: "\n") + "\n"
        }.joined(separator: "\n")
    }

    private var row: String {
        let fallback =
            switch presence {
            case .required: "**required**"
            case .optional: "–"
            case .fallback(let text): "`\(text)`"
            }
        return "| `\(key)` | \(fallback) | \(Self.cell(allowed)) | \(Self.cell(sentence)) |"
    }

    /// A bar would end the cell.
    private static func cell(_ text: String) -> String {
        String(text.flatMap { $0 == "|" ? ["\\", "|"] : [$0] })
    }
}
