public import HTTPModel

/// An answer that is read off a stored page: some of its rows, with pagination of its own.
///
/// Nothing is copied until it is written out; whoever makes it holds the source meanwhile, or reads the
/// cache. It is as old as its source and dies no later.
public struct PageSlice: Sendable {
    /// A part of the answer's body, in order.
    public enum Piece {
        /// Bytes of the source entry.
        case source(ByteRange)
        /// A number, in decimal.
        case number(Int)
        /// A word.
        case word(StaticString)
        /// One byte.
        case byte(UInt8)
    }

    private enum Shape: Sendable {
        case page(PageDerivation, limit: Int)
        case row(Int, isCut: Bool)
    }

    /// The entry whose page this is read off.
    public let source: Borrowed<CacheEntry>
    /// The first instant at which the answer is stale: not after its source's.
    public let freshUntil: MonotonicInstant
    private let window: Borrowed<PageWindow>
    // Where the source's body stands in its bytes.
    private let sourceBody: ByteRange
    private let shape: Shape

    /// A page with some of the source's rows.
    init(_ derivation: PageDerivation, limit: Int, of source: CacheEntry, _ window: PageWindow) {
        self.source = Borrowed(source)
        self.window = Borrowed(window)
        sourceBody = source.body
        freshUntil = source.lifetimeEnd
        shape = .page(derivation, limit: limit)
    }

    /// One row alone.
    init(row: Int, isCut: Bool, of source: CacheEntry, _ window: PageWindow, freshUntil: MonotonicInstant) {
        self.source = Borrowed(source)
        self.window = Borrowed(window)
        sourceBody = source.body
        self.freshUntil = freshUntil
        shape = .row(row, isCut: isCut)
    }

    /// Bytes of the body.
    public var bodyByteCount: Int {
        if case .page(let derivation, let limit) = shape, !derivation.isCut {
            return window.read { byteCount(of: derivation, limit: limit, in: $0) }
        }
        var sum = 0
        forEachPiece { piece in
            switch piece {
            case .source(let range): sum += Int(range.count)
            case .number(let number): sum += number.decimalDigits
            case .word(let word): sum += word.utf8CodeUnitCount
            case .byte: sum += 1
            }
        }
        return sum
    }

    /// The same where nothing is cut out of the rows: by what stands otherwise than in the source.
    private func byteCount(of derivation: PageDerivation, limit: Int, in window: PageWindow) -> Int {
        var sum = Int(sourceBody.count)
        for index in 0..<4 {
            sum -= Int(window.page.holes[index].range.count)
            switch window.page.holes[index].kind {
            case .rows:
                var commas = -1
                derivation.forEachRun { rows in
                    sum += window.page.row(rows.upperBound - 1).end
                    sum -= Int(window.page.row(rows.lowerBound).start)
                    commas += 1
                }
                sum += max(0, commas)
            case .limit: sum += limit.decimalDigits
            case .hasMore: sum += derivation.hasMore ? 4 : 5
            case .nextCursor:
                sum +=
                    derivation.hasMore
                    ? Int(window.page.id(ofRow: derivation.span.upperBound - 1).count) + 2 : 4
            }
        }
        return sum
    }

    /// The strong entity tag of the body: made of the digests of its rows and of what stands around them, so
    /// it is that of the same bytes fetched from the upstream.
    public var eTag: InlineArray<34, UInt8> { window.read { eTag(in: $0) } }

    private func eTag(in window: PageWindow) -> InlineArray<34, UInt8> {
        switch shape {
        case .page(let derivation, let limit):
            var rows = DigestSum()
            derivation.forEachRun { rows.add(window.page.sum(of: $0, isCut: derivation.isCut)) }
            return PageTag(
                frame: window.page.frameDigest, limit: limit, hasMore: derivation.hasMore,
                rowCount: derivation.count, rows
            ).finish().eTag
        case .row(let row, let isCut):
            return PageTag(
                frame: window.page.rowFrameDigest,
                row: window.page.sum(of: row..<(row + 1), isCut: isCut)
            ).finish().eTag
        }
    }

    /// Whole seconds for which it may still be reused.
    public func remainingLifetimeSeconds(now: MonotonicInstant) -> Int64 {
        Int64(freshUntil.nanosecondsElapsed(since: now) / 1_000_000_000)
    }

    /// Whether the source belongs to this partition: what must hold wherever an answer meets a request.
    public func belongs(to partition: CachePartition) -> Bool { source.read { $0.belongs(to: partition) } }

    /// Gives the body piece by piece. Runs of adjoining rows are one piece.
    public func forEachPiece(_ give: (Piece) -> Void) { window.read { forEachPiece(of: $0, give) } }

    private func forEachPiece(of window: PageWindow, _ give: (Piece) -> Void) {
        let base = Int(sourceBody.start)
        let end = Int(sourceBody.count)
        switch shape {
        case .page(let derivation, let limit):
            var next = 0
            for index in 0..<4 {
                let hole = window.page.holes[index]
                give(.source(ByteRange(from: base + next, to: base + Int(hole.range.start))))
                fill(hole.kind, derivation, limit, base, window, give)
                next = hole.range.end
            }
            give(.source(ByteRange(from: base + next, to: base + end)))
        case .row(let row, let isCut):
            let list = window.page.list
            let pagination = window.page.paginationMember
            let isListFirst = list.start < pagination.start
            let (first, second) = isListFirst ? (list, pagination) : (pagination, list)
            give(.source(ByteRange(from: base, to: base + Int(first.start))))
            if isListFirst { giveRows(row..<(row + 1), isCut: isCut, base, window, give) }
            give(.source(ByteRange(from: base + first.end, to: base + Int(second.start))))
            if !isListFirst { giveRows(row..<(row + 1), isCut: isCut, base, window, give) }
            give(.source(ByteRange(from: base + second.end, to: base + end)))
        }
    }

    private func fill(
        _ hole: ListPage.Hole.Kind, _ derivation: PageDerivation, _ limit: Int, _ base: Int,
        _ window: PageWindow, _ give: (Piece) -> Void
    ) {
        switch hole {
        case .rows:
            var isFirst = true
            derivation.forEachRun { rows in
                if !isFirst { give(.byte(UInt8(ascii: ","))) }
                isFirst = false
                giveRows(rows, isCut: derivation.isCut, base, window, give)
            }
        case .limit: give(.number(limit))
        case .hasMore: give(.word(derivation.hasMore ? "true" : "false"))
        case .nextCursor:
            guard derivation.hasMore else {
                give(.word("null"))
                return
            }
            give(.byte(0x22))
            give(.source(window.page.id(ofRow: derivation.span.upperBound - 1).shifted(by: base)))
            give(.byte(0x22))
        }
    }

    /// Gives adjoining rows, with the commas between them: in one piece, or in the pieces between what is
    /// cut.
    private func giveRows(
        _ rows: Range<Int>, isCut: Bool, _ base: Int, _ window: PageWindow, _ give: (Piece) -> Void
    ) {
        var start = Int(window.page.row(rows.lowerBound).start)
        if isCut {
            for row in rows {
                let cut = window.page.cut(ofRow: row)
                if cut.isEmpty { continue }
                give(.source(ByteRange(from: base + start, to: base + Int(cut.start))))
                start = cut.end
            }
        }
        give(.source(ByteRange(from: base + start, to: base + window.page.row(rows.upperBound - 1).end)))
    }
}

extension Int {
    /// Digits of a number that is not negative, in decimal.
    fileprivate var decimalDigits: Int {
        var (digits, rest) = (1, self / 10)
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        return digits
    }
}
