import HTTPModel

/// A stored page with the question it answered: a window onto the list, out of which other questions can be
/// answered.
///
/// Immutable; held by the page's entry, whose bytes it points into.
final class PageWindow: Sendable {
    /// What the page answered; ranges into the entry's bytes, which begin with the target.
    let question: PageQuestion
    /// Where things stand in the body.
    let page: ListPage
    /// By what it was read.
    let model: PageModel
    /// The hash of the list it shows, by `KeyHasher`.
    let listHash: UInt64
    /// The first moment to come at which a row changes by itself, in milliseconds since 1970; `nil` if none
    /// does.
    let earliestExpiry: Int64?

    /// Reads a page that answered `target`; `nil` if it is none, or does not answer that question.
    init?(
        _ body: Span<UInt8>, answering target: Span<UInt8>, model: PageModel, receivedUnixSeconds: Int64,
        listHash: (PageQuestion) -> UInt64
    ) {
        guard let question = PageQuestion(target, model: model),
            var page = ListPage.scan(body, model: model),
            Self.answers(question, target, page, body, model)
        else { return nil }
        page.makeDigests(body)
        self.question = question
        self.page = page
        self.model = model
        self.listHash = listHash(question)
        earliestExpiry = Self.earliestExpiry(page, body, model, after: receivedUnixSeconds)
    }

    /// The lifetime of the page's answer, cut where the first row of it changes by itself.
    func shortened(_ decision: StorageDecision, receivedUnixSeconds: Int64) -> StorageDecision {
        guard case .store(let freshness) = decision, let expiry = earliestExpiry else { return decision }
        // The second in which the answer came counts as over: better early than late.
        let left = expiry - (receivedUnixSeconds + 1) * 1_000
        return .store(freshness.ending(at: freshness.receivedAt.advanced(by: .milliseconds(max(0, left)))))
    }

    /// Memory held, in bytes: the object with malloc's rounding, and the page's tables.
    var accountedBytes: Int { Self.objectBytes + page.tableBytes }

    /// The object: its header, its members, and what malloc adds and rounds up to.
    static let objectBytes =
        (16 + MemoryLayout<PageQuestion>.stride + MemoryLayout<ListPage>.stride + 16 + 8 + 15) & ~15

    /// The first moment after `now` at which a row that is still active changes by itself. One that should
    /// have changed before and has not may do so at any time or never: it bounds nothing.
    private static func earliestExpiry(
        _ page: ListPage, _ body: Span<UInt8>, _ model: PageModel, after now: Int64
    ) -> Int64? {
        var earliest: Int64?
        for row in 0..<page.rowCount {
            let moment = page.member(model.expiryMember, ofRow: row)
            let state = body.extracting(page.member(model.stateMember, ofRow: row).range)
            var isActive = false
            for active in model.activeStates where state.equals(active) { isActive = true }
            guard isActive, !moment.isEmpty,
                let milliseconds = body.extracting(moment.range).shownMilliseconds,
                milliseconds > now * 1_000, milliseconds < earliest ?? .max
            else { continue }
            earliest = milliseconds
        }
        return earliest
    }

    /// Whether the page is what its question asked for: an upstream that answers another question, or the
    /// right one wrongly, is not reasoned about.
    private static func answers(
        _ question: PageQuestion, _ target: Span<UInt8>, _ page: borrowing ListPage, _ body: Span<UInt8>,
        _ model: PageModel
    ) -> Bool {
        guard page.limit == question.limit else { return false }
        if page.rowCount > 0, !question.cursor.isEmpty {
            let cursor = target.extracting(question.cursor.range)
            let id = body.extracting(page.id(ofRow: 0).range)
            guard model.order.compares(cursor, id), cursor.order(against: id) < 0 else { return false }
        }
        for (index, filter) in model.filters.enumerated() where !question.values[index].isEmpty {
            let value = target.extracting(question.values[index].range)
            for row in 0..<page.rowCount {
                let shown = body.extracting(page.member(filter.member, ofRow: row).range)
                let order = shown.order(against: value)
                let isAdmitted =
                    switch filter.comparison {
                    case .equals: order == 0
                    case .from: order >= 0
                    case .to: order <= 0
                    }
                guard isAdmitted else { return false }
            }
        }
        return true
    }
}

extension Span where Element == UInt8 {
    /// Milliseconds since 1970 of a moment in the form `2026-11-23T12:00:00.000Z`; `nil` if no calendar has
    /// it.
    fileprivate var shownMilliseconds: Int64? {
        func number(_ range: Range<Int>) -> Int {
            var number = 0
            for index in range { number = number * 10 + Int(self[index] &- 0x30) }
            return number
        }
        let date = CivilDate(year: number(0..<4), month: number(5..<7), day: number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard (1...12).contains(date.month), (1...31).contains(date.day), hour < 24, minute < 60, second < 60
        else { return nil }
        let seconds = date.daysSinceEpoch * 86_400 + hour * 3_600 + minute * 60 + second
        return Int64(seconds * 1_000 + number(20..<23))
    }
}
