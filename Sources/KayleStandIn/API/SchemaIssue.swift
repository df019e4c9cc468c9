/// One violation of a parameter's rule, as the upstream's validator words it.
struct SchemaIssue: Sendable {
    /// The members before `path`, in order; a value is JSON.
    let members: [(name: String, json: String)]
    /// Where, for instance `["limit"]`.
    let path: [String]
    /// The sentence.
    let message: String

    /// A value outside a closed set.
    static func notAmong(_ values: [String], _ name: String) -> SchemaIssue {
        let options = values.map { "\"" + $0 + "\"" }
        return SchemaIssue(
            members: [("code", "\"invalid_value\""), ("values", "[" + options.joined(separator: ",") + "]")],
            path: [name], message: "Invalid option: expected one of " + options.joined(separator: "|"))
    }

    /// A text that is not of the named form.
    static func wrongForm(_ format: String, _ path: [String], message: String) -> SchemaIssue {
        SchemaIssue(
            members: [
                ("origin", "\"string\""), ("code", "\"invalid_format\""), ("format", "\"" + format + "\""),
            ],
            path: path, message: message)
    }

    /// A value of another type; a repeated parameter is an array.
    static func wrongType(expected: String, received: String, _ path: [String]) -> SchemaIssue {
        SchemaIssue(
            members: [("expected", "\"" + expected + "\""), ("code", "\"invalid_type\"")], path: path,
            message: "Invalid input: expected " + expected + ", received " + received)
    }

    /// A number below its minimum.
    static func tooSmall(minimum: Int, _ name: String) -> SchemaIssue {
        SchemaIssue(
            members: [
                ("origin", "\"number\""), ("code", "\"too_small\""), ("minimum", String(minimum)),
                ("inclusive", "true"),
            ],
            path: [name], message: "Too small: expected number to be >=" + String(minimum))
    }

    /// A number above its maximum.
    static func tooBig(maximum: Int, _ name: String) -> SchemaIssue {
        SchemaIssue(
            members: [
                ("origin", "\"number\""), ("code", "\"too_big\""), ("maximum", String(maximum)),
                ("inclusive", "true"),
            ],
            path: [name], message: "Too big: expected number to be <=" + String(maximum))
    }

    /// The issues as the indented JSON text that the upstream puts, as a string, into its answer.
    static func text(_ issues: [SchemaIssue]) -> String {
        let objects = issues.map { issue in
            var json = JSONText()
            json.value(issue.message)
            var lines = issue.members.map { member in
                "    \"" + member.name + "\": " + indented(member.json)
            }
            lines.append(
                "    \"path\": [\n" + issue.path.map { "      \"" + $0 + "\"" }.joined(separator: ",\n")
                    + "\n    ]")
            lines.append("    \"message\": " + String(decoding: json.bytes, as: UTF8.self))
            return "  {\n" + lines.joined(separator: ",\n") + "\n  }"
        }
        return "[\n" + objects.joined(separator: ",\n") + "\n]"
    }

    private static func indented(_ json: String) -> String {
        guard json.hasPrefix("[") else { return json }
        let elements = json.dropFirst().dropLast().split(separator: ",").map { "      " + $0 }
        return "[\n" + elements.joined(separator: ",\n") + "\n    ]"
    }
}
