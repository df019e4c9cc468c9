import HTTPModel
import Testing

@testable import Cache

struct PageWindowTests {
    private static func window(_ body: String, answering target: String) -> PageWindow? {
        PageWindow(
            Array(body.utf8).span, answering: Array(target.utf8).span, model: sessionsModel,
            listHash: { _ in 1 })
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

    @Test func theMemoryThatIsCountedCoversTheMemoryThatIsHeld() throws {
        let window = try #require(Self.window(Self.body, answering: "/l?limit=5"))

        #expect(PageWindow.objectBytes > MemoryLayout<ListPage>.size + MemoryLayout<PageQuestion>.size)
        #expect(window.page.tableBytes >= 3 * 5 * 2 * 4 + 3 * 16)
        #expect(window.accountedBytes == PageWindow.objectBytes + window.page.tableBytes)
    }
}
