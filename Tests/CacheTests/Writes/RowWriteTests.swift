import HTTPModel
import Testing

@testable import Cache

struct RowWriteTests {
    private let cache = smallCache(memoryBytes: 8 << 20)
    private var partition: CachePartition { cache.partition(tenant: "acme", credential: 1) }
    private static let list = ListAddress(route: 1, path: Array("/v1/sessions".utf8), model: sessionsModel)

    private static func cancel(_ id: String) -> RowWrite {
        RowWrite(to: list, id: Array(id.utf8).span, keepsRow: true)
    }

    private static func made(_ row: ReferenceRow) -> RowWrite? {
        let answer = "{\"data\":\(row.json(attempts: true)),\"error\":null}"
        return RowWrite(madeIn: list, answer: Array(answer.utf8).span)
    }

    private func isHeld(_ target: String) -> Bool { cache.lookUp(partition, target).freshEntry != nil }

    /// Rows `vs_aaa0` and on, pages of three: the first, the second, the rest.
    private func fillPages() {
        let rows = (0..<8).map {
            ReferenceRow(id: "vs_aaa\($0)", status: "created", createdAt: 0, rest: "", attempts: "[]")
        }
        for query in [Self.first, Self.second, Self.third] {
            cache.fillPage(partition, query.target, query.page(of: rows))
        }
    }

    private static func query(_ cursor: String?) -> ReferenceQuery {
        var query = ReferenceQuery()
        (query.limit, query.cursor) = (3, cursor)
        return query
    }
    private static let first = query(nil)
    private static let second = query("vs_aaa2")
    private static let third = query("vs_aaa5")

    private var held: [Bool] { [Self.first, Self.second, Self.third].map { isHeld($0.target) } }

    @Test(arguments: [
        ("vs_aaa0", [false, true, true]), ("vs_aaa2", [false, true, true]), ("vs_aaa3", [true, false, true]),
        ("vs_aaa7", [true, true, false]), ("vs_zzzz", [true, true, false]), ("vs_0000", [false, true, true]),
        ("vs_live_aaa1", [false, false, false]),
    ])
    func aCancelEndsThePagesThatHoldTheRow(id: String, held: [Bool]) {
        fillPages()

        cache.invalidate(partition, .row(Self.cancel(id)))

        #expect(self.held == held)
        cache.checkInvariants()
    }

    @Test(arguments: [
        ("vs_0000", [false, true, true]), ("vs_aaa1", [false, true, true]), ("vs_aaa9", [true, true, false]),
        ("vs_aa9z", [false, true, true]),
    ])
    func aNewRowEndsThePagesWhosePartOfTheListItIsIn(id: String, held: [Bool]) throws {
        fillPages()
        let row = ReferenceRow(id: id, status: "created", createdAt: 0, rest: "", attempts: "[]")

        cache.invalidate(partition, .row(try #require(Self.made(row))))

        #expect(self.held == held)
    }

    @Test func aNewRowLeavesPagesAloneWhoseFiltersKeepItOut() throws {
        let row = ReferenceRow(
            id: "vs_aaaa", status: "created", createdAt: 5_000_500, rest: "", attempts: "[]")
        let queries: [(keeps: Bool, change: (inout ReferenceQuery) -> Void)] = [
            (true, { $0.status = "completed" }), (false, { $0.status = "created" }),
            (true, { $0.createdFrom = 5_001 }), (false, { $0.createdFrom = 5_000 }),
            (true, { $0.createdTo = 4_999 }), (false, { $0.createdTo = 5_000 }),
        ]
        let targets = queries.map { entry in
            var query = ReferenceQuery()
            entry.change(&query)
            cache.fillPage(partition, query.target, query.page(of: []))
            return query.target
        }
        #expect(targets.allSatisfy { isHeld($0) })

        cache.invalidate(partition, .row(try #require(Self.made(row))))

        #expect(targets.map { isHeld($0) } == queries.map(\.keeps))
    }

    @Test func aRowThatLeavesAFilterMayHaveBeenAllThatFollowed() {
        let rows = (0..<4).map {
            ReferenceRow(id: "vs_aaa\($0)", status: "created", createdAt: 0, rest: "", attempts: "[]")
        }
        var filtered = Self.first
        filtered.status = "created"
        cache.fillPage(partition, filtered.target, filtered.page(of: rows))
        cache.fillPage(partition, Self.first.target, Self.first.page(of: rows))

        cache.invalidate(partition, .row(Self.cancel("vs_aaa3")))

        #expect(!isHeld(filtered.target))
        #expect(isHeld(Self.first.target))
    }

    @Test func whatIsAboutOtherRowsOnlyStays() {
        for target in [
            "/v1/sessions/vs_aaa1", "/v1/sessions/vs_aaa2", "/v1/sessions/vs_aaa2?include_attempts=true",
            "/v1/sessions/attempts/attempts?session_id=vs_aaa1", "/v1/events", "/v1/sessions",
        ] {
            cache.fill(partition, target, body: [1])
        }

        cache.invalidate(partition, .row(Self.cancel("vs_aaa1")))

        #expect(!isHeld("/v1/sessions/vs_aaa1"))
        #expect(isHeld("/v1/sessions/vs_aaa2"))
        #expect(isHeld("/v1/sessions/vs_aaa2?include_attempts=true"))
        #expect(!isHeld("/v1/sessions/attempts/attempts?session_id=vs_aaa1"))
        #expect(!isHeld("/v1/events"))
        // The list, stored as something that is no page.
        #expect(!isHeld("/v1/sessions"))
    }

    @Test func aFillThatTheWriteCannotHaveChangedIsStored() throws {
        for (id, refusal) in [("vs_aaa1", StorageRefusal.generationPassed), ("vs_aaa4", nil)] {
            guard let permit = cache.permit(partition, Self.first.target) else {
                Issue.record("no permit")
                return
            }
            cache.invalidate(partition, .row(Self.cancel(id)))
            let admission = cache.admit(
                permit, head: response(200, ["Content-Type: application/json"]),
                body: Array(pageText(rows: 3, limit: 3, hasMore: true).utf8), decision: fresh(),
                receivedUnixSeconds: wallStart, model: sessionsModel)
            #expect(admission.refusal == refusal)
        }
    }

    @Test(arguments: [
        "", "{}", "{\"data\":null,\"error\":null}", "{\"data\":[],\"error\":null}",
        "{\"data\":{\"id\":\"vs_aaaa\"},\"error\":null}",
        "{\"data\":{\"id\":\"x\",\"status\":\"created\",\"created_at\":\"2026-01-01T00:00:00.000Z\"}}",
        "{\"data\":{\"id\":\"vs_aaaa\",\"status\":\"created\",\"created_at\":\"2026-01-01T00:00:00.000Z\"},\"error\":{}}",
        "{\"data\":{\"id\":\"vs_aaaa\",\"status\":\"created\",\"created_at\":\"2026-01-01T00:00:00.000Z\"}",
    ])
    func anAnswerThatShowsNoRowTellsNothing(answer: String) {
        #expect(RowWrite(madeIn: Self.list, answer: Array(answer.utf8).span) == nil)
    }

    private static let seed = UInt64.random(in: 0 ... .max)

    /// After a write nothing is answered that the list, as it is now, would not say.
    @Test func whatSurvivesAWriteIsTrueAfterIt() {
        var generator = SeededGenerator(seed: Self.seed)
        var (survivors, ended) = (0, 0)
        for _ in 0..<150 {
            let cache = smallCache(memoryBytes: 8 << 20)
            let partition = cache.partition(tenant: "t", credential: 1)
            var rows = RandomList.rows(&generator)
            let queries = (0..<6).map { _ in RandomList.query(rows, &generator) }
            for query in queries { cache.fillPage(partition, query.target, query.page(of: rows)) }
            for _ in 0..<3 {
                let write = RandomList.write(to: &rows, &generator)
                guard let write else { continue }
                cache.invalidate(partition, .row(write))
                for query in queries + (0..<6).map({ _ in RandomList.query(rows, &generator) }) {
                    let answer =
                        cache.lookUp(partition, query.target).freshEntry.map { $0.text($0.body) }
                        ?? cache.slice(partition, query.target)?.text
                    guard let answer else {
                        ended += 1
                        continue
                    }
                    survivors += 1
                    guard answer == query.page(of: rows) else {
                        Issue.record("seed \(Self.seed): \(query.target) gives \(answer)")
                        return
                    }
                }
            }
        }
        #expect(survivors > 300 && ended > 300, "seed \(Self.seed): \(survivors) stayed, \(ended) ended")
    }
}
