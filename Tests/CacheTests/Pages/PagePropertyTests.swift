import HTTPModel
import Testing

@testable import Cache

/// Random lists, pages and questions against a reference that computes every page from the rows themselves.
struct PagePropertyTests {
    private static let seed = UInt64.random(in: 0 ... .max)
    private static let listCount = 120
    private static let questionCount = 40

    /// Every derived page is the one the upstream would have sent, byte for byte, with the tag it would have
    /// had; in every world that shows the stored pages, whatever it hides. So what is not decided misses.
    @Test func everyDerivedPageIsTheOneTheUpstreamWouldHaveSent() {
        var generator = SeededGenerator(seed: Self.seed)
        var (derived, misses) = (0, 0)
        for _ in 0..<Self.listCount {
            let cache = smallCache(memoryBytes: 8 << 20)
            let partition = cache.partition(tenant: "t", credential: 1)
            let rows = Self.rows(&generator)
            let queries = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
                Self.query(rows, &generator)
            }
            for query in queries { cache.fillPage(partition, query.target, query.page(of: rows)) }
            let worlds = (0..<6).compactMap { _ in Self.variation(of: rows, showing: queries, &generator) }
            for _ in 0..<Self.questionCount {
                let question = Self.query(rows, &generator)
                guard let slice = cache.slice(partition, question.target) else {
                    misses += 1
                    continue
                }
                derived += 1
                let expected = question.page(of: rows)
                guard slice.text == expected else {
                    Issue.record(
                        "seed \(Self.seed): \(question.target) from \(queries.map(\.target)): \(slice.text), not \(expected)"
                    )
                    return
                }
                #expect(slice.bodyByteCount == slice.body.count)
                let page = ListPage(Array(expected.utf8).span, model: sessionsModel)
                #expect(page.map { Self.tag($0) } == slice.eTag, "seed \(Self.seed)")
                for world in worlds where question.page(of: world) != expected {
                    Issue.record(
                        "seed \(Self.seed): \(question.target) is not decided by \(queries.map(\.target))")
                    return
                }
            }
            cache.checkInvariants()
        }
        // Neither everything nor nothing is derived, or the test would say little.
        #expect(derived > 500 && misses > 500, "seed \(Self.seed): \(derived) derived, \(misses) missed")
    }

    /// The same for single rows.
    @Test func everyDerivedRowIsTheOneTheUpstreamWouldHaveSent() {
        var generator = SeededGenerator(seed: Self.seed)
        var found = 0
        for _ in 0..<60 {
            let cache = smallCache(memoryBytes: 8 << 20)
            let partition = cache.partition(tenant: "t", credential: 1)
            let rows = Self.rows(&generator)
            for _ in 0..<3 {
                let query = Self.query(rows, &generator)
                cache.fillPage(partition, query.target, query.page(of: rows))
            }
            for row in rows {
                guard let slice = cache.row(partition, row.id) else { continue }
                found += 1
                #expect(
                    slice.text == "{\"data\":\(row.json(attempts: false)),\"error\":null}",
                    "seed \(Self.seed)")
                #expect(slice.bodyByteCount == slice.body.count)
            }
        }
        #expect(found > 100, "seed \(Self.seed)")
    }

    private static func tag(_ page: ListPage) -> String {
        var bytes: [UInt8] = []
        PageTag(page).finish().appendETag(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let statuses = ["created", "in_progress", "completed", "cancelled"]

    private static func rows(_ generator: inout SeededGenerator) -> [ReferenceRow] {
        let prefix = Bool.random(using: &generator) ? "vs_" : "vs_live_"
        var rows: [ReferenceRow] = []
        for _ in 0..<Int.random(in: 0...24, using: &generator) {
            let row = row(id(prefix, &generator), &generator)
            if !rows.contains(where: { $0.id == row.id }) { rows.append(row) }
        }
        return rows
    }

    private static func id(_ prefix: String, _ generator: inout SeededGenerator) -> String {
        prefix + String((0..<4).map { _ in "0az9".randomElement(using: &generator) ?? "0" })
    }

    private static func row(_ id: String, _ generator: inout SeededGenerator) -> ReferenceRow {
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

    private static func query(
        _ rows: [ReferenceRow], _ generator: inout SeededGenerator
    ) -> ReferenceQuery {
        func one(in count: Int) -> Bool { Int.random(in: 0..<count, using: &generator) == 0 }
        var query = ReferenceQuery()
        if one(in: 3) { query.status = statuses.randomElement(using: &generator) }
        if one(in: 4) { query.createdFrom = Int.random(in: 0...10, using: &generator) }
        if one(in: 4) { query.createdTo = Int.random(in: 0...10, using: &generator) }
        if !one(in: 4) { query.limit = Int.random(in: 1...30, using: &generator) }
        if one(in: 2) {
            query.cursor = one(in: 4) ? id("vs_", &generator) : rows.randomElement(using: &generator)?.id
        }
        query.attempts = one(in: 3)
        return query
    }

    /// Another list that shows the same pages: other microseconds, other rows where no page looks.
    private static func variation(
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
}
