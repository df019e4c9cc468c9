import HTTPModel
import Testing

@testable import Cache

/// The rules one by one, on a list whose answers can be read off by eye.
struct PageDerivationTests {
    private let cache = smallCache()
    private var partition: CachePartition { cache.partition(tenant: "acme", credential: 1) }

    /// Eight rows `vs_aaa0` … `vs_aaa7`, created a second apart at full milliseconds except for half a
    /// millisecond each; even ones `created`, odd ones `completed`.
    private static let rows = (0..<8).map { index in
        ReferenceRow(
            id: "vs_aaa\(index)", status: index % 2 == 0 ? "created" : "completed",
            createdAt: index * 1_000_000 + 500, rest: "", attempts: "[]")
    }

    struct Case: CustomTestStringConvertible {
        let name: String
        let held: ReferenceQuery
        let asked: ReferenceQuery
        var testDescription: String { name }
    }

    private static func query(_ change: (inout ReferenceQuery) -> Void) -> ReferenceQuery {
        var query = ReferenceQuery()
        change(&query)
        return query
    }

    /// What the cache says to one question when it holds the page of another.
    private func answer(
        to asked: ReferenceQuery, from held: ReferenceQuery, rows: [ReferenceRow] = Self.rows
    ) -> PageSlice? {
        cache.fillPage(partition, held.target, held.page(of: rows))
        return cache.slice(partition, asked.target)
    }

    private static let five = query { $0.limit = 5 }
    private static let all = query { $0.limit = 20 }

    @Test(arguments: [
        Case(name: "a smaller limit", held: five, asked: query { $0.limit = 3 }),
        Case(name: "a smaller limit by one", held: five, asked: query { $0.limit = 4 }),
        Case(name: "a larger limit of a whole list", held: all, asked: query { $0.limit = 50 }),
        Case(name: "the default limit of a whole list", held: all, asked: ReferenceQuery()),
        Case(
            name: "a later cursor with rows to spare", held: five,
            asked: query { ($0.limit, $0.cursor) = (2, "vs_aaa0") }),
        Case(
            name: "a later cursor with just enough rows", held: five,
            asked: query { ($0.limit, $0.cursor) = (4, "vs_aaa0") }),
        Case(
            name: "a cursor that is no row's", held: five,
            asked: query { ($0.limit, $0.cursor) = (2, "vs_aa9z") }),
        Case(
            name: "a cursor behind the end of a whole list", held: all,
            asked: query { ($0.limit, $0.cursor) = (2, "vs_zzzz") }),
        Case(
            name: "a cursor behind that of the page", held: query { ($0.limit, $0.cursor) = (5, "vs_aaa0") },
            asked: query { ($0.limit, $0.cursor) = (2, "vs_aaa2") }),
        Case(name: "a status of a whole list", held: all, asked: query { $0.status = "completed" }),
        Case(
            name: "a status with one row more than asked for", held: five,
            asked: query { ($0.limit, $0.status) = (2, "created") }),
        Case(name: "a later begin of a whole list", held: all, asked: query { $0.createdFrom = 3_000 }),
        Case(name: "a begin between two rows", held: all, asked: query { $0.createdFrom = 3_001 }),
        Case(name: "an end between two rows", held: all, asked: query { $0.createdTo = 3_001 }),
        Case(
            name: "an undecided row behind those that decide", held: all,
            asked: query { ($0.limit, $0.createdTo) = (2, 4_000) }),
        Case(
            name: "an undecided row that another filter takes out", held: all,
            asked: query { ($0.status, $0.createdTo) = ("created", 3_000) }),
        Case(
            name: "rows without their attempts", held: query { ($0.limit, $0.attempts) = (5, true) },
            asked: query { $0.limit = 3 }),
        Case(
            name: "the same page without attempts", held: query { ($0.limit, $0.attempts) = (5, true) },
            asked: five),
    ])
    func whatAPageDecidesIsReadOffIt(rule: Case) throws {
        let slice = try #require(answer(to: rule.asked, from: rule.held))

        #expect(slice.text == rule.asked.page(of: Self.rows))
    }

    @Test(arguments: [
        Case(name: "a larger limit of an open list", held: five, asked: query { $0.limit = 6 }),
        Case(
            name: "a later cursor with too few rows", held: five,
            asked: query { ($0.limit, $0.cursor) = (5, "vs_aaa0") }),
        Case(
            name: "a cursor at the last row of an open list", held: five,
            asked: query { ($0.limit, $0.cursor) = (1, "vs_aaa4") }),
        Case(
            name: "a cursor before that of the page", held: query { ($0.limit, $0.cursor) = (5, "vs_aaa2") },
            asked: query { ($0.limit, $0.cursor) = (1, "vs_aaa1") }),
        Case(
            name: "no cursor where the page has one", held: query { ($0.limit, $0.cursor) = (20, "vs_aaa2") },
            asked: query { $0.limit = 1 }),
        Case(
            name: "a cursor whose order is not known", held: all,
            asked: query { ($0.limit, $0.cursor) = (1, "vs_live_aaa1") }),
        Case(
            name: "a status with exactly the rows asked for", held: five,
            asked: query { ($0.limit, $0.status) = (3, "created") }),
        Case(name: "all rows out of those of a status", held: query { $0.status = "created" }, asked: all),
        Case(
            name: "a status out of another", held: query { $0.status = "created" },
            asked: query { $0.status = "completed" }),
        Case(name: "an end at a row", held: all, asked: query { $0.createdTo = 3_000 }),
        Case(
            name: "an earlier begin", held: query { $0.createdFrom = 3_000 },
            asked: query { $0.createdFrom = 2_000 }),
        Case(
            name: "a later end", held: query { $0.createdTo = 3_000 }, asked: query { $0.createdTo = 4_000 }),
        Case(name: "no end where the page has one", held: query { $0.createdTo = 90_000 }, asked: all),
        Case(name: "no rows at all", held: five, asked: query { $0.limit = 0 }),
        Case(name: "attempts out of rows without", held: all, asked: query { $0.attempts = true }),
    ])
    func whatAPageLeavesOpenMisses(rule: Case) {
        #expect(answer(to: rule.asked, from: rule.held) == nil)
    }

    @Test func anEmptyListAnswersEveryQuestionItWasNotFilteredFor() throws {
        let asked = Self.query { ($0.limit, $0.cursor, $0.status) = (2, "vs_live_0000", "created") }

        let slice = try #require(answer(to: asked, from: Self.five, rows: []))

        #expect(slice.text == asked.page(of: []))
    }

    @Test func parametersWithoutAMeaningMustBeTheSame() {
        cache.fillPage(partition, "/v1/sessions?limit=20&q=a", Self.all.page(of: Self.rows))

        #expect(cache.slice(partition, "/v1/sessions?limit=2&q=a") != nil)
        #expect(cache.slice(partition, "/v1/sessions?limit=2&q=b") == nil)
        #expect(cache.slice(partition, "/v1/sessions?limit=2") == nil)
        #expect(cache.slice(partition, "/v1/others?limit=2&q=a") == nil)
    }

    /// Runs of rows that end and begin at every place, beside the ends of words of bits too.
    @Test(arguments: [4, 20, 63, 64, 65, 72, 100, 130])
    func rowsOfPagesOfEverySizeAreFoundAndGivenInRuns(count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let rows = (0..<count).map { index in
            let number = String(index)
            return ReferenceRow(
                id: "vs_" + String(repeating: "0", count: 4 - number.count) + number,
                status: Bool.random(using: &generator) ? "created" : "completed", createdAt: 0, rest: "",
                attempts: "[\(index)]")
        }
        let held = Self.query { ($0.limit, $0.attempts) = (count, true) }
        cache.fillPage(partition, held.target, held.page(of: rows))

        for limit in 1...count {
            let filters: [(status: String?, cursor: String?)] = [
                (nil, nil), ("created", nil), (nil, rows[count - limit].id),
            ]
            for (status, cursor) in filters {
                let asked = Self.query {
                    ($0.limit, $0.status, $0.cursor, $0.attempts) = (limit, status, cursor, limit % 2 == 0)
                }
                let slice = try #require(cache.slice(partition, asked.target))
                #expect(slice.text == asked.page(of: rows), "\(asked.target)")
                #expect(slice.bodyByteCount == slice.body.count)
            }
        }
    }
}
