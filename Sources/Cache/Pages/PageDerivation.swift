import HTTPModel

/// Decides whether the answer to one question can be read off the page of another, and which rows it has.
///
/// For one upstream identity let S(F, c) be the rows that match the filters F and have an id above c, in
/// ascending order. A page of limit n shows the first n rows of S, and says whether there are more. Every
/// rule here follows from that alone; where it does not decide, the answer is a miss.
struct PageDerivation: Sendable {
    /// From the first row of the answer to behind its last; empty if it has none.
    private(set) var span = 0..<0
    // Which of them are the answer's, one bit each; without meaning where all of the span are.
    private var chosen = InlineArray<16, UInt64>(repeating: 0)
    /// How many they are.
    private(set) var count = 0
    /// Whether more rows follow behind them.
    private(set) var hasMore = false
    /// Whether rows leave the optional member out.
    private(set) var isCut = false

    /// What one row is to a question that asks for fewer than its page did.
    private enum Verdict {
        case match, mismatch
        /// The page does not show enough of it.
        case undecided
    }

    /// Finds the answer to `question` in `window`, or `nil` if the window does not decide it. Both must be
    /// of one partition and route.
    init?(
        _ question: PageQuestion, _ target: Span<UInt8>, from window: borrowing PageWindow,
        _ bytes: Span<UInt8>, bodyStart: Int
    ) {
        let body = bytes.extracting(bodyStart..<bytes.count)
        guard question.limit > 0, question.isFamily(of: window.question, target, otherTarget: bytes),
            !question.includes || window.question.includes,
            let narrowing = Self.narrowing(question, target, window, bytes),
            let first = Self.firstRow(question, target, window, bytes, body)
        else { return nil }
        isCut = window.question.includes && !question.includes
        if narrowing == 0 {
            guard choose(from: first, of: window.page, limit: question.limit) else { return nil }
            return
        }
        var row = first
        while row < window.page.rowCount {
            switch Self.judge(row, narrowing, question, target, window, body) {
            case .mismatch: break
            case .undecided: return nil
            case .match:
                // One row more than asked for: so there are more, whatever follows.
                if count == question.limit {
                    hasMore = true
                    return
                }
                choose(row)
            }
            row += 1
        }
        // Behind the page there is at least one more row of the page's own question. Whether it matches the
        // further filters is not known.
        guard window.page.isComplete else { return nil }
    }

    /// Takes all rows from one on, as many as were asked for; whether that decides the question. It takes a
    /// page that is complete or long enough: behind any other there is at least one more row, which would
    /// belong to the answer.
    private mutating func choose(from first: Int, of page: borrowing ListPage, limit: Int) -> Bool {
        let held = page.rowCount - first
        guard page.isComplete || held >= limit else { return false }
        count = min(held, limit)
        span = first..<(first + count)
        hasMore = held > limit || !page.isComplete
        return true
    }

    private mutating func choose(_ row: Int) {
        chosen[row / 64] |= 1 << UInt64(row % 64)
        span = (count == 0 ? row : span.lowerBound)..<(row + 1)
        count += 1
    }

    /// The rows of the answer in runs of adjoining ones, in order.
    @inline(__always)
    func forEachRun(_ body: (Range<Int>) -> Void) {
        if count == span.count {
            if count > 0 { body(span) }
            return
        }
        var start = span.lowerBound
        while start < span.upperBound {
            let end = next(from: start, isChosen: false)
            body(start..<end)
            start = next(from: end, isChosen: true)
        }
    }

    /// The first row from one on that is the answer's, or is not; the end of the span if there is none.
    private func next(from row: Int, isChosen: Bool) -> Int {
        var place = row / 64
        var skipped = UInt64.max << UInt64(row % 64)
        while place * 64 < span.upperBound {
            let found = (isChosen ? chosen[place] : ~chosen[place]) & skipped
            if found != 0 { return min(place * 64 + found.trailingZeroBitCount, span.upperBound) }
            skipped = .max
            place += 1
        }
        return span.upperBound
    }

    /// The filters by which the question asks for less than the page did, one bit each; `nil` if it asks
    /// for something the page left out.
    private static func narrowing(
        _ question: PageQuestion, _ target: Span<UInt8>, _ window: PageWindow, _ bytes: Span<UInt8>
    ) -> UInt8? {
        var narrowing: UInt8 = 0
        for index in window.model.filters.indices {
            let (asked, held) = (question.values[index], window.question.values[index])
            switch (asked.isEmpty, held.isEmpty) {
            case (true, true): continue
            case (true, false): return nil
            case (false, true): narrowing |= 1 << UInt8(index)
            case (false, false):
                let order = target.extracting(asked.range).order(against: bytes.extracting(held.range))
                if order == 0 { continue }
                switch window.model.filters[index].comparison {
                case .equals: return nil
                case .from: if order < 0 { return nil }
                case .to: if order > 0 { return nil }
                }
                narrowing |= 1 << UInt8(index)
            }
        }
        return narrowing
    }

    /// The first row behind the question's cursor; `nil` if that may lie outside the page.
    private static func firstRow(
        _ question: PageQuestion, _ target: Span<UInt8>, _ window: PageWindow, _ bytes: Span<UInt8>,
        _ body: Span<UInt8>
    ) -> Int? {
        let order = window.model.order
        let held = bytes.extracting(window.question.cursor.range)
        guard !question.cursor.isEmpty else { return held.isEmpty ? 0 : nil }
        let asked = target.extracting(question.cursor.range)
        if !held.isEmpty {
            guard order.compares(asked, held), asked.order(against: held) >= 0 else { return nil }
        }
        guard window.page.rowCount > 0 else { return 0 }
        // All ids of a page compare with each other, so one of them speaks for all.
        let lastID = body.extracting(window.page.id(ofRow: window.page.rowCount - 1).range)
        guard order.compares(asked, lastID) else { return nil }
        return window.page.firstRow(after: asked, body)
    }

    /// What a row is by the filters in `narrowing`, one at least.
    @inline(__always)
    private static func judge(
        _ row: Int, _ narrowing: UInt8, _ question: PageQuestion, _ target: Span<UInt8>,
        _ window: PageWindow, _ body: Span<UInt8>
    ) -> Verdict {
        var verdict = Verdict.match
        var rest = narrowing
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            rest &= rest &- 1
            let filter = window.model.filters[index]
            let shown = body.extracting(window.page.member(filter.member, ofRow: row).range)
            let value = target.extracting(question.values[index].range)
            switch filter.comparison {
            case .equals: if !shown.equals(value) { return .mismatch }
            // Moments are kept in microseconds and shown cut to milliseconds; bounds are whole
            // milliseconds. So a row shown at the bound lies at it or behind it: inside for `from`, unknown
            // for `to`.
            case .from: if shown.order(against: value) < 0 { return .mismatch }
            case .to:
                let order = shown.order(against: value)
                if order > 0 { return .mismatch }
                if order == 0 { verdict = .undecided }
            }
        }
        return verdict
    }
}
