/// Writes JSON values in one stable form: the same value always gives the same bytes.
///
/// Two spaces per level and one line per member, so that a tenant store under version control shows what
/// changed; a container of plain values that fits goes on one line, so that `{ "env": "NAME" }` stays
/// readable.
public enum JSONText {
    /// Characters up to which a container of plain values is kept on its line.
    private static let preferredColumns = 100

    /// The value as text with a line end after it. What it gives reads back as an equal value.
    public static func pretty(_ value: JSONValue) -> [UInt8] {
        var text = ""
        write(value, indentation: 0, into: &text)
        text += "\n"
        return Array(text.utf8)
    }

    /// The value on one line, without a line end: for logs of one line per event.
    public static func line(_ value: JSONValue) -> [UInt8] {
        var text = ""
        writeLine(value, into: &text)
        return Array(text.utf8)
    }

    /// A string in quotes, escaped: also the form in which messages show what somebody wrote.
    public static func quoted(_ string: String) -> String {
        // Nearly all strings of a store stand for themselves; going through ten thousand tokens by scalars
        // was most of what a command costs.
        if string.utf8.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C }) {
            return "\"" + string + "\""
        }
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar.value {
            case 0x22: text += "\\\""
            case 0x5C: text += "\\\\"
            case 0x08: text += "\\b"
            case 0x09: text += "\\t"
            case 0x0A: text += "\\n"
            case 0x0C: text += "\\f"
            case 0x0D: text += "\\r"
            // Besides what RFC 8259 §7 demands also DEL, the C1 controls and the two line separators: a
            // terminal must not obey what it is asked to show.
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    private static func write(_ value: JSONValue, indentation: Int, into text: inout String) {
        switch value.content {
        case .null, .boolean, .number, .string: text += plain(value.content) ?? ""
        case .array(let elements):
            writeContainer(
                elements.map { (label: "", value: $0) }, brackets: ("[", "]"), padding: "",
                indentation: indentation, into: &text)
        case .object(let members):
            writeContainer(
                members.map { (label: quoted($0.key) + ": ", value: $0.value) }, brackets: ("{", "}"),
                padding: " ", indentation: indentation, into: &text)
        }
    }

    private static func writeLine(_ value: JSONValue, into text: inout String) {
        switch value.content {
        case .null, .boolean, .number, .string: text += plain(value.content) ?? ""
        case .array(let elements):
            text += "["
            for (number, element) in elements.enumerated() {
                if number > 0 { text += "," }
                writeLine(element, into: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (number, member) in members.enumerated() {
                text += (number > 0 ? "," : "") + quoted(member.key) + ":"
                writeLine(member.value, into: &text)
            }
            text += "}"
        }
    }

    private static func writeContainer(
        _ entries: [(label: String, value: JSONValue)], brackets: (open: String, close: String),
        padding: String, indentation: Int, into text: inout String
    ) {
        guard !entries.isEmpty else {
            text += brackets.open + brackets.close
            return
        }
        let plainEntries = entries.compactMap { entry in plain(entry.value.content).map { entry.label + $0 } }
        if plainEntries.count == entries.count {
            let line =
                brackets.open + padding + plainEntries.joined(separator: ", ") + padding + brackets.close
            if indentation * 2 + line.unicodeScalars.count <= preferredColumns {
                text += line
                return
            }
        }
        text += brackets.open
        for (number, entry) in entries.enumerated() {
            text += number == 0 ? "\n" : ",\n"
            text += String(repeating: "  ", count: indentation + 1) + entry.label
            write(entry.value, indentation: indentation + 1, into: &text)
        }
        text += "\n" + String(repeating: "  ", count: indentation) + brackets.close
    }

    /// The text of a value that is not a container.
    private static func plain(_ content: JSONContent) -> String? {
        switch content {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let number): number.text
        case .string(let string): quoted(string)
        case .array, .object: nil
        }
    }
}
