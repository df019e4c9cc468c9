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

    /// Reads a page that answered `target`; `nil` if it is none, or does not answer that question.
    init?(
        _ body: Span<UInt8>, answering target: Span<UInt8>, model: PageModel,
        listHash: (PageQuestion) -> UInt64
    ) {
        guard let question = PageQuestion(target, model: model), let page = ListPage(body, model: model)
        else { return nil }
        self.question = question
        self.page = page
        self.model = model
        self.listHash = listHash(question)
        guard answersItsQuestion(body, target) else { return nil }
    }

    /// Memory held, in bytes: the object with malloc's rounding, and the page's tables.
    var accountedBytes: Int { Self.objectBytes + page.tableBytes }

    /// The object: its header, its members, and what malloc adds and rounds up to.
    static let objectBytes =
        (16 + MemoryLayout<PageQuestion>.stride + MemoryLayout<ListPage>.stride + 16 + 8 + 15) & ~15

    /// Whether the page is what its question asked for: an upstream that answers another question, or the
    /// right one wrongly, is not reasoned about.
    private func answersItsQuestion(_ body: Span<UInt8>, _ target: Span<UInt8>) -> Bool {
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
