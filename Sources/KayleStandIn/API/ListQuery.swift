/// What a request for a page of sessions asks for.
struct ListQuery: Sendable, Equatable {
    /// Only rows with this stored status.
    var status: SessionStatus?
    /// Only rows created at this time or later.
    var createdFrom: SessionTime?
    /// Only rows created at this time or earlier.
    var createdTo: SessionTime?
    /// At most this many rows, 1 to 100.
    var limit = 10
    /// Only rows whose id is greater.
    var startingAfter: String?
    /// Whether rows carry their attempts.
    var attempts = AttemptsMode.omitted

    /// Whether a row belongs to the answer, cursor and limit aside. Compares the hidden microseconds too.
    func admits(_ session: Session) -> Bool {
        (status == nil || session.status == status) && createdFrom.map { session.createdAt >= $0 } ?? true
            && createdTo.map { session.createdAt <= $0 } ?? true
    }

    /// What the upstream makes of a query.
    enum Reading: Sendable {
        /// A page to answer.
        case page(ListQuery)
        /// Refused by the validator, with every issue, in the order of the schema.
        case invalid([SchemaIssue])
        /// Accepted by the validator and fatal to the database.
        case databaseFails
    }

    /// Reads a query by the upstream's schema; unknown names are ignored.
    static func read(_ query: QueryString) -> Reading {
        var page = ListQuery()
        var issues: [SchemaIssue] = []
        var isFatal = false

        let statuses = query.values("status")
        if !statuses.isEmpty {
            page.status = statuses.count == 1 ? SessionStatus(rawValue: statuses[0]) : nil
            if page.status == nil {
                issues.append(.notAmong(SessionStatus.allCases.map(\.rawValue), "status"))
            }
        }
        for (name, bound) in [("created_from", \ListQuery.createdFrom), ("created_to", \.createdTo)] {
            let values = query.values(name)
            guard !values.isEmpty else { continue }
            guard values.count == 1 else {
                issues.append(.wrongType(expected: "string", received: "array", [name]))
                continue
            }
            switch SessionTime.read(values[0]) {
            case .time(let time): page[keyPath: bound] = time
            case .databaseFails: isFatal = true
            case .invalid: issues.append(.wrongForm("datetime", [name], message: "Invalid ISO datetime"))
            }
        }
        switch limit(query.values("limit")) {
        case .success(let limit): page.limit = limit
        case .failure(let issue): issues.append(issue.issue)
        }
        let cursors = query.values("starting_after")
        if cursors.count > 1 {
            issues.append(.wrongType(expected: "string", received: "array", ["starting_after"]))
        } else if let cursor = cursors.first, !cursor.isEmpty {
            page.startingAfter = cursor
            isFatal = isFatal || cursor.utf8.contains(0)
        }
        page.attempts = query.isTruthy("include_attempts") ? .included : .omitted

        guard issues.isEmpty else { return .invalid(issues) }
        return isFatal ? .databaseFails : .page(page)
    }

    /// A refused `limit`.
    struct LimitFailure: Error {
        /// What the validator says.
        let issue: SchemaIssue
    }

    /// Reads `limit` by JavaScript's rules; absent means 10, twice the same is an array and not a number.
    static func limit(_ values: [String]) -> Result<Int, LimitFailure> {
        guard let text = values.first else { return .success(10) }
        guard values.count == 1, let number = JavaScriptNumber.value(of: text) else {
            return .failure(LimitFailure(issue: .wrongType(expected: "number", received: "NaN", ["limit"])))
        }
        guard number.isFinite else {
            return .failure(
                LimitFailure(issue: .wrongType(expected: "number", received: "number", ["limit"])))
        }
        guard number == number.rounded() else {
            return .failure(LimitFailure(issue: .wrongType(expected: "int", received: "number", ["limit"])))
        }
        if number < 1 { return .failure(LimitFailure(issue: .tooSmall(minimum: 1, "limit"))) }
        if number > 100 { return .failure(LimitFailure(issue: .tooBig(maximum: 100, "limit"))) }
        return .success(Int(number))
    }
}
