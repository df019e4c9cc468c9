import HTTPModel

/// A row that was made or changed, and which stored answers that can have changed.
///
/// Answers about the row itself, and pages whose part of the list holds its place. In doubt an answer counts
/// as changed: another list, another resource, a page that could not be read.
public struct RowWrite: Sendable {
    /// What became of the row.
    private enum Change {
        /// It was not there before; its members by their index in the model.
        case made([[UInt8]])
        /// It is another one, at the same place.
        case changed
        /// It may be gone as well.
        case inDoubt
    }

    private let list: ListAddress
    private let id: [UInt8]
    private let change: Change

    /// A write to a row by its id. `keepsRow` says that the row stays in its list, whatever else becomes of
    /// it.
    public init(to list: ListAddress, id: Span<UInt8>, keepsRow: Bool) {
        self.list = list
        self.id = id.array
        change = keepsRow ? .changed : .inDoubt
    }

    /// The row that an answer shows to have been made; `nil` if it shows none beyond doubt.
    public init?(madeIn list: ListAddress, answer body: Span<UInt8>) {
        guard let members = PageScan.members(ofSingleRow: body, model: list.model), let id = members.first
        else { return nil }
        self.list = list
        self.id = id
        change = .made(members)
    }

    /// Whether an answer can be another one now.
    func mayChange(_ entry: CacheEntry) -> Bool {
        let held = entry.bytes
        let bytes = held.span
        if let window = entry.window, bytes.extracting(window.question.path.range).equals(list.path) {
            return mayChange(window, bytes, body: bytes.extracting(entry.body.range))
        }
        return mayConcern(bytes.extracting(first: Int(entry.queryBytes)))
    }

    private func mayChange(_ window: PageWindow, _ bytes: Span<UInt8>, body: Span<UInt8>) -> Bool {
        let order = list.model.order
        let question = window.question
        if !question.cursor.isEmpty {
            let cursor = bytes.extracting(question.cursor.range)
            guard order.compares(cursor, id.span) else { return true }
            // Rows up to the cursor are not the page's.
            if id.span.order(against: cursor) <= 0 { return false }
        }
        if window.page.rowCount > 0 {
            let last = body.extracting(window.page.id(ofRow: window.page.rowCount - 1).range)
            guard order.compares(last, id.span) else { return true }
            if !window.page.isComplete, id.span.order(against: last) > 0 {
                return mayEndTheList(question)
            }
        }
        switch change {
        case .made(let members): return isAdmitted(members, question, bytes)
        case .changed, .inDoubt: return true
        }
    }

    /// Whether a write behind the last row of a page can mean that nothing follows it any more: if the row
    /// was all that followed, and is gone, or no longer matches.
    private func mayEndTheList(_ question: PageQuestion) -> Bool {
        switch change {
        case .made: return false
        case .inDoubt: return true
        case .changed:
            // The moments by which rows are chosen never change.
            return list.model.filters.enumerated().contains { index, filter in
                filter.comparison == .equals && !question.values[index].isEmpty
            }
        }
    }

    /// Whether the filters of a question let a row in that was just made.
    private func isAdmitted(_ members: [[UInt8]], _ question: PageQuestion, _ bytes: Span<UInt8>) -> Bool {
        for (index, filter) in list.model.filters.enumerated() where !question.values[index].isEmpty {
            let shown = members[filter.member]
            let order = shown.span.order(against: bytes.extracting(question.values[index].range))
            switch filter.comparison {
            case .equals: if order != 0 { return false }
            case .from: if order < 0 { return false }
            // Shown at the bound, it may lie before or behind it.
            case .to: if order > 0 { return false }
            }
        }
        return true
    }

    /// Whether an answer that is no page of the list may speak of the row: all but those about other rows.
    private func mayConcern(_ target: Span<UInt8>) -> Bool {
        let start = list.path.count + 1
        guard target.count > start, target[start - 1] == UInt8(ascii: "/"),
            target.extracting(first: start - 1).equals(list.path)
        else { return true }
        var end = start
        while end < target.count, target[end] != UInt8(ascii: "/"), target[end] != UInt8(ascii: "?") {
            end += 1
        }
        let other = target.extracting(start..<end)
        return !list.model.order.holds(other) || other.equals(id)
    }
}
