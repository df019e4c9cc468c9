package import Settings

/// Which list parameters a route documents.
package enum QueryConfiguration: Sendable, Hashable {
    /// A model the gateway brings.
    case builtIn(BuiltInQuery)
    /// A model written out, so that a new list endpoint needs no Swift.
    case model(QueryModelConfiguration)
}

/// The query models the gateway brings.
package enum BuiltInQuery: String, Sendable, Hashable, CaseIterable {
    /// `GET /v1/sessions` of the Kayle ID API.
    case kayleSessionsList = "kayle.sessions.list"
}

/// A query model written out in the configuration.
package struct QueryModelConfiguration: Sendable, Hashable {
    /// The parameters, in the order of the canonical query.
    package let parameters: [QueryParameterConfiguration]
    /// The parameter that says how many rows a page has; errors repeat it in `pagination.limit`.
    package let pageSize: String?

    /// Reads `routes[].query`.
    package init(reading section: SettingsSection) {
        var names: Set<String> = []
        parameters = section.list(
            "parameters", count: 1...32, "The parameters, in the order of the canonical query."
        ) {
            parameter in
            let configuration = QueryParameterConfiguration(reading: parameter)
            if !names.insert(configuration.name).inserted {
                parameter.mistake("name", "another parameter here is called so; allowed: a name of its own")
            }
            return configuration
        }
        pageSize = section.optional(
            "page_size", .name, "The integer parameter that says how many rows a page has.")
        if let pageSize {
            let integers = parameters.filter(\.kind.isInteger).map(\.name)
            if !integers.contains(pageSize) {
                section.mistake(
                    "page_size",
                    "no integer parameter is called so; allowed: \(integers.joined(separator: ", "))")
            }
        }
    }
}

/// One parameter of a query model.
package struct QueryParameterConfiguration: Sendable, Hashable {
    /// Its name, as decoded; compared exactly.
    package let name: String
    /// What it may hold.
    package let kind: Kind

    /// What a parameter may hold.
    package enum Kind: Sendable, Hashable {
        /// A whole number within bounds; left out, it is `fallback`.
        case integer(minimum: Int, maximum: Int, fallback: Int)
        /// One of these words.
        case choice([String])
        /// A date with time and offset by RFC 3339.
        case instant
        /// True or absent.
        case flag
        /// A row's id: one of the prefixes, then exactly `length` of the characters in `alphabet`.
        case cursor(prefixes: [String], alphabet: String, length: Int)

        var isInteger: Bool {
            switch self {
            case .integer: true
            case .choice, .instant, .flag, .cursor: false
            }
        }
    }

    fileprivate init(reading section: SettingsSection) {
        name = section.required("name", .name, "The name, as decoded; compared exactly.")
        kind =
            section.variant(
                "kind",
                [
                    SettingsVariant("integer") { Self.integer($0) },
                    SettingsVariant("choice") { section in
                        .choice(
                            section.required(
                                "values", .list(of: .text(bytes: 1...64), count: 1...64),
                                "Of a `choice`: its words."))
                    },
                    SettingsVariant("instant") { _ in .instant },
                    SettingsVariant("flag") { _ in .flag },
                    SettingsVariant("cursor") { Self.cursor($0) },
                ], "What it may hold; decides which further keys there are.") ?? .flag
    }

    private static func integer(_ section: SettingsSection) -> Kind {
        let bounds = -1_000_000_000...1_000_000_000
        let minimum = section.required("minimum", .integer(in: bounds), "Of an `integer`: the smallest.")
        let maximum = section.required("maximum", .integer(in: bounds), "Of an `integer`: the largest.")
        let fallback = section.required(
            "default", .integer(in: bounds),
            "Of an `integer`: what it is if left out; left out of the canonical query.")
        let isReadable = !["minimum", "maximum", "default"].contains { section.isFaulty($0) }
        if isReadable, minimum > maximum {
            section.mistake("minimum", "\(minimum) is above maximum (\(maximum)); allowed: up to it")
        } else if isReadable, fallback < minimum || fallback > maximum {
            section.mistake("default", "\(fallback) is outside the bounds; allowed: \(minimum) to \(maximum)")
        }
        return .integer(minimum: minimum, maximum: maximum, fallback: fallback)
    }

    private static func cursor(_ section: SettingsSection) -> Kind {
        let prefixes = section.value(
            "prefixes", .list(of: .text(bytes: 1...32), count: 0...8), default: [],
            "Of a `cursor`: what it may begin with; none, if left out.")
        let alphabet = section.required(
            "alphabet", .text(bytes: 1...128), "Of a `cursor`: the characters after the prefix, ASCII only.")
        let length = section.required(
            "length", .integer(in: 1...256), "Of a `cursor`: how many characters follow the prefix.")
        if !alphabet.utf8.allSatisfy({ $0 < 0x80 }) {
            section.mistake("alphabet", "not all of it is ASCII; allowed: ASCII characters")
        }
        return .cursor(prefixes: prefixes, alphabet: alphabet, length: length)
    }
}
