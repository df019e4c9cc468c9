import HTTPModel

@testable import Cache

/// Lists, questions and writes drawn at random.
enum RandomList {
    static let statuses = ["created", "in_progress", "completed", "cancelled"]

    static func rows(_ generator: inout SeededGenerator, atMost maximum: Int = 24) -> [ReferenceRow] {
        let prefix = Bool.random(using: &generator) ? "vs_" : "vs_live_"
        var rows: [ReferenceRow] = []
        for _ in 0..<Int.random(in: 0...maximum, using: &generator) {
            let row = row(id(prefix, &generator), &generator)
            if !rows.contains(where: { $0.id == row.id }) { rows.append(row) }
        }
        return rows
    }

    static func id(_ prefix: String, _ generator: inout SeededGenerator) -> String {
        prefix + String((0..<4).map { _ in "0az9".randomElement(using: &generator) ?? "0" })
    }

    static func row(_ id: String, _ generator: inout SeededGenerator) -> ReferenceRow {
        let rests = [
            "", "\"share_fields\":{\"a\":{\"required\":true}},", "\"redirect_url\":\"a\\\"]},{\\u0022\",",
            "\"x\":[[],{},[{\"id\":\"vs_0000\",\"status\":\"created\"}]],", "\"é\":\"\u{1F600}\",",
        ]
        let attempts = ["[]", "[{\"id\":\"va_1\",\"status\":\"failed\"}]", "[{\"n\":[1,2,3]},{}]"]
        return ReferenceRow(
            id: id, status: statuses.randomElement(using: &generator) ?? "created",
            // Few moments, so that bounds meet them.
            createdAt: Int.random(in: 0...9, using: &generator) * 1_000
                + (Bool.random(using: &generator) ? 0 : Int.random(in: 1...999, using: &generator)),
            rest: rests.randomElement(using: &generator) ?? "",
            attempts: attempts.randomElement(using: &generator) ?? "[]")
    }

    static func query(
        _ rows: [ReferenceRow], _ generator: inout SeededGenerator
    ) -> ReferenceQuery {
        // Somewhat more than there are rows.
        let maximumLimit = max(30, rows.count + 20)
        func one(in count: Int) -> Bool { Int.random(in: 0..<count, using: &generator) == 0 }
        var query = ReferenceQuery()
        if one(in: 3) { query.status = statuses.randomElement(using: &generator) }
        if one(in: 4) { query.createdFrom = Int.random(in: 0...10, using: &generator) }
        if one(in: 4) { query.createdTo = Int.random(in: 0...10, using: &generator) }
        if !one(in: 4) { query.limit = Int.random(in: 1...maximumLimit, using: &generator) }
        if one(in: 2) {
            query.cursor = one(in: 4) ? id("vs_", &generator) : rows.randomElement(using: &generator)?.id
        }
        query.attempts = one(in: 3)
        return query
    }

    /// Another list that shows the same pages: other microseconds, other rows where no page looks.
    static func variation(
        of rows: [ReferenceRow], showing queries: [ReferenceQuery], _ generator: inout SeededGenerator
    ) -> [ReferenceRow]? {
        let shown = queries.map { $0.page(of: rows) }
        var world = rows
        let prefix = rows.first.map { String($0.id.dropLast(4)) } ?? "vs_"
        for _ in 0..<12 {
            var changed = world
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                guard let index = changed.indices.randomElement(using: &generator) else { continue }
                changed[index].createdAt =
                    changed[index].createdAt / 1_000 * 1_000 + Int.random(in: 0...999, using: &generator)
            case 1:
                guard let index = changed.indices.randomElement(using: &generator) else { continue }
                changed.remove(at: index)
            default:
                let row = row(id(prefix, &generator), &generator)
                if !changed.contains(where: { $0.id == row.id }) { changed.append(row) }
            }
            if queries.map({ $0.page(of: changed) }) == shown { world = changed }
        }
        return world == rows ? nil : world
    }

    /// Makes a row or cancels one, and says so as the gateway would.
    static func write(to rows: inout [ReferenceRow], _ generator: inout SeededGenerator) -> RowWrite? {
        let list = ListAddress(route: 1, path: Array("/v1/sessions".utf8), model: sessionsModel)
        if Bool.random(using: &generator), let index = rows.indices.randomElement(using: &generator) {
            rows[index].status = "cancelled"
            return RowWrite(to: list, id: Array(rows[index].id.utf8).span, keepsRow: true)
        }
        let prefix = rows.first.map { String($0.id.dropLast(4)) } ?? "vs_"
        let row = row(id(prefix, &generator), &generator)
        if rows.contains(where: { $0.id == row.id }) { return nil }
        rows.append(row)
        let answer = "{\"data\":\(row.json(attempts: true)),\"error\":null}"
        return RowWrite(madeIn: list, answer: Array(answer.utf8).span)
    }
}
