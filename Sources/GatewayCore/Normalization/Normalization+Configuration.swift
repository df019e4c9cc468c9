import Cache
package import Settings

extension ListQueryModel {
    /// Reads a query model written out in the configuration, so that a new list endpoint needs no Swift;
    /// `nil` if it is none, with the mistake noted.
    package static func read(_ section: SettingsSection) -> ListQueryModel? {
        var names: Set<String> = []
        let parameters = section.list(
            "parameters", count: 1...maximumParameters, "The parameters, in the order of the canonical query."
        ) { element in
            let parameter = QueryParameter.read(element)
            if let parameter, !names.insert(parameter.name).inserted {
                element.mistake("name", "another parameter here is called so; allowed: a name of its own")
            }
            return element.isFaulty ? nil : parameter
        }
        let pageSize = section.required(
            "page_size", .name, "The `integer` parameter with a default that says how many rows a page has.")
        let page = section.optionalSection(
            "page",
            "How a page is built, so that one page can answer another's question; left out, none does."
        ) { PageModel.Names(reading: $0) }
        let readable = parameters.compactMap(\.self)
        // A parameter that could not be read is told where it stands, not as missing here.
        guard readable.count == parameters.count, !section.isFaulty("parameters"),
            !section.isFaulty("page_size")
        else { return nil }
        do throws(ListQueryModelFailure) {
            return try ListQueryModel(parameters: readable, pageSize: pageSize, page: page)
        } catch {
            switch error {
            case .pageSizeInvalid:
                section.mistake(
                    "page_size", "not an integer parameter with a default; allowed: the name of one")
            case .pageInvalid(let failure): section.mistake("page", failure.sentence)
            case .parameterCount, .nameInvalid, .nameRepeated, .boundsInvalid, .choiceInvalid, .cursorInvalid,
                .rowsInvalid:
                section.mistake("parameters", error.sentence)
            }
            return nil
        }
    }
}

extension SettingsKind where Value == ListQueryModel {
    /// A query model that comes with the gateway, by its name.
    package static var builtInQuery: SettingsKind {
        .written(
            as: "a query model", allowed: KayleQueries.names.joined(separator: ", "),
            placeholder: KayleQueries.sessionsList, spell: { _ in "" }
        ) { name, _ in
            KayleQueries.model(named: name)
        }
    }
}

extension QueryParameter {
    fileprivate static func read(_ section: SettingsSection) -> QueryParameter? {
        let name = section.required("name", .name, "The name, as decoded; compared exactly.")
        let member = section.optional(
            "member", .name,
            "Where pages are read: the member of a row that a `choice` equals, an `instant` bounds or a `flag` adds."
        )
        let kinds: [SettingsVariant<(QueryParameterKind, RowCondition?)>] = [
            SettingsVariant("integer") { (QueryParameterKind.integer($0), nil) },
            SettingsVariant("choice") { section in
                let words = section.required(
                    "values", .list(of: .name, count: 1...64), "Of a `choice`: its words.")
                return (.choice(words), member.map { .equals(member: $0) })
            },
            SettingsVariant("instant") { (.instant, RowCondition.bound($0, member)) },
            SettingsVariant("flag") { _ in (.flag, member.map { .includes(member: $0) }) },
            SettingsVariant("cursor") { (.cursor(CursorShape.read($0)), nil) },
            SettingsVariant("text") { section in
                let most = section.required(
                    "maximum_bytes", .integer(in: 1...8_192), "Of a `text`: its bytes, once decoded.")
                return (.text(maximumBytes: most), nil)
            },
        ]
        let kind = section.variant("kind", kinds, "What it may hold; decides which further keys there are.")
        if member != nil, let kind, kind.1 == nil {
            section.mistake(
                "member", "no page is read by it; allowed: on a `choice`, an `instant` or a `flag`")
        }
        return kind.map { QueryParameter(name, $0.0, rows: $0.1) }
    }
}

extension RowCondition {
    /// Which end of a time span an instant is.
    private enum Bound: String, CaseIterable {
        case from, to
    }

    fileprivate static func bound(_ section: SettingsSection, _ member: String?) -> RowCondition? {
        let bound = section.value(
            "bound", SettingsKind<Bound>.choice, default: .from,
            "Of an `instant` with a member: `from` it on, or up `to` it.")
        return member.map { bound == .from ? .from(member: $0) : .to(member: $0) }
    }
}

extension PageModel.Names {
    /// Reads `page`.
    fileprivate init(reading section: SettingsSection) {
        self.init()
        rows = section.value("rows", .name, default: rows, "The member of a page that lists its rows.")
        id = section.value("id", .name, default: id, "The member of a row that the list is ordered by.")
        pagination = section.value(
            "pagination", .name, default: pagination, "The member of a page that says where it ends.")
        limit = section.value("limit", .name, default: limit, "In the pagination: the page size asked for.")
        hasMore = section.value(
            "has_more", .name, default: hasMore, "In the pagination: whether rows follow.")
        nextCursor = section.value(
            "next_cursor", .name, default: nextCursor,
            "In the pagination: the last id if rows follow, or null.")
        expiry = section.value(
            "expiry", .name, default: expiry,
            "In a row: the moment at which it changes by itself; no answer is fresh beyond it.")
        state = section.value(
            "state", .name, default: state, "In a row: the member that says whether that is still to come.")
        rowActions = section.value(
            "row_actions", .list(of: .name, count: 0...16), default: rowActions,
            "What `POST LIST/ID/ACTION` may do to a row that stays in the list all the same.")
        activeStates = section.value(
            "active_states", .list(of: .name, count: 0...16), default: activeStates,
            "The values of that member with which it is.")
    }
}

extension QueryParameterKind {
    fileprivate static func integer(_ section: SettingsSection) -> QueryParameterKind {
        // The upstream computes in doubles, which are exact below 2^53.
        let bounds = 0...(1 << 53) - 1
        let minimum = section.required("minimum", .integer(in: bounds), "Of an `integer`: the smallest.")
        let maximum = section.required("maximum", .integer(in: bounds), "Of an `integer`: the largest.")
        let standard = section.optional(
            "default", .integer(in: bounds), "Of an `integer`: what it means to leave it out.")
        // What follows from a bound that could not be read is noise.
        let isReadable = !section.isFaulty("minimum") && !section.isFaulty("maximum")
        if isReadable, minimum > maximum {
            section.mistake("minimum", "\(minimum) is above maximum (\(maximum)); allowed: up to it")
        } else if isReadable, let standard, standard < minimum || standard > maximum {
            section.mistake("default", "\(standard) is out of bounds; allowed: \(minimum) to \(maximum)")
        }
        return .integer(minimum: minimum, maximum: maximum, default: standard)
    }
}

extension CursorShape {
    fileprivate static func read(_ section: SettingsSection) -> CursorShape {
        let prefixes = section.required(
            "prefixes", .list(of: .unreserved(bytes: 0...32), count: 1...8),
            "Of a `cursor`: what it may begin with; `\"\"` for nothing.")
        let alphabet = section.required(
            "alphabet", .unreserved(bytes: 1...66), "Of a `cursor`: the characters after the prefix.")
        let length = section.required(
            "length", .integer(in: 1...256), "Of a `cursor`: how many characters follow the prefix.")
        return CursorShape(prefixes: prefixes, alphabet: alphabet, length: length)
    }
}

extension SettingsKind where Value == String {
    /// Characters that stand for themselves in a query (RFC 3986 §2.3).
    fileprivate static func unreserved(bytes range: ClosedRange<Int>) -> SettingsKind {
        .written(
            as: "a plain text", allowed: "\(range.lowerBound) to \(range.upperBound) of A-Z a-z 0-9 - . _ ~",
            placeholder: "", spell: { $0 }
        ) { string, _ in
            string.isUnreserved && range.contains(string.utf8.count) ? string : nil
        }
    }
}
