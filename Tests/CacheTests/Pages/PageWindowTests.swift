import HTTPModel
import Testing

@testable import Cache

struct PageWindowTests {
    private static func window(_ body: String, answering target: String) -> PageWindow? {
        PageWindow(
            Array(body.utf8).span, answering: Array(target.utf8).span, model: sessionsModel,
            receivedUnixSeconds: wallStart, listHash: { _ in 1 })
    }

    private static let body = pageText(rows: 3, limit: 5)

    @Test func aPageAnswersTheQuestionItWasAskedFor() {
        #expect(Self.window(Self.body, answering: "/l?limit=5") != nil)
        #expect(Self.window(Self.body, answering: "/l?limit=5&starting_after=vs_aa00") != nil)
        #expect(Self.window(Self.body, answering: "/l?created_to=2026-01-01T00:00:09.000Z&limit=5") != nil)
    }

    @Test(arguments: [
        "/l", "/l?limit=6", "/l?limit=5&starting_after=vs_aaa0", "/l?limit=5&starting_after=vs_live_0000",
        "/l?status=created&limit=5", "/l?created_from=2026-01-01T00:00:00.500Z&limit=5",
        "/l?created_to=2026-01-01T00:00:00.500Z&limit=5", "/l?limit=",
    ])
    func aPageThatAnswersAnotherQuestionIsNotReasonedAbout(target: String) {
        #expect(Self.window(Self.body, answering: target) == nil)
    }

    /// 12:00:00 is when the page comes.
    @Test(
        arguments: [
            ("nothing said", "", nil), ("null", "\"expires_at\":null,", nil),
            ("an hour ahead", "\"expires_at\":\"2026-11-23T13:00:00.000Z\",", 3_599_000),
            ("in two seconds", "\"expires_at\":\"2026-11-23T12:00:02.250Z\",", 1_250),
            ("in a moment", "\"expires_at\":\"2026-11-23T12:00:00.900Z\",", 0),
            ("over long ago, and not noticed", "\"expires_at\":\"2026-11-23T11:59:00.000Z\",", nil),
            ("in another form", "\"expires_at\":\"2026-11-23T13:00:00Z\",", nil),
            ("on no day", "\"expires_at\":\"2026-13-23T13:00:00.000Z\",", nil),
        ] as [(String, String, Int64?)])
    func anAnswerLivesNoLongerThanTheFirstRowThatChangesByItself(
        name: String, member: String, milliseconds: Int64?
    ) throws {
        let active = Self.body.replacing("\"n\":", with: member + "\"n\":")
        let ended = active.replacing("\"created\"", with: "\"completed\"")

        func left(_ body: String, lifetime: Double) throws -> Duration {
            let window = try #require(Self.window(body, answering: "/l?limit=5"))
            let decision = window.shortened(fresh(seconds: lifetime), receivedUnixSeconds: wallStart)
            guard case .store(let freshness) = decision else { return .zero }
            return freshness.freshUntil.elapsed(since: at(0))
        }
        #expect(
            try left(active, lifetime: 7_200) == milliseconds.map { .milliseconds($0) } ?? .seconds(7_200))
        #expect(try left(active, lifetime: 1) <= .seconds(1))
        #expect(try left(ended, lifetime: 7_200) == .seconds(7_200))
    }

    @Test func theMemoryThatIsCountedCoversTheMemoryThatIsHeld() throws {
        let window = try #require(Self.window(Self.body, answering: "/l?limit=5"))

        #expect(PageWindow.objectBytes > MemoryLayout<ListPage>.size + MemoryLayout<PageQuestion>.size)
        #expect(window.page.tableBytes >= 3 * 5 * 2 * 4 + 3 * 16)
        #expect(window.accountedBytes == PageWindow.objectBytes + window.page.tableBytes)
    }
}
