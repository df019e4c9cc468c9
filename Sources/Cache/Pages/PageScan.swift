import HTTPModel

/// One walk over the body of a page: what stands where.
struct PageScan {
    private(set) var limit = 0
    private(set) var hasMore = false
    /// The cursor without its quotes; `nil` for null.
    private(set) var nextCursor: ByteRange?
    private(set) var list = ByteRange.empty
    private(set) var paginationMember = ByteRange.empty
    private(set) var holes = InlineArray<4, ListPage.Hole>(
        repeating: ListPage.Hole(kind: .rows, range: .empty))
    /// Whether the whole body is ASCII.
    var isASCII: Bool { walker.isASCII }
    /// As `ListPage` keeps them.
    private(set) var offsets: [UInt32] = []

    private var walker: JSONWalker
    private var holeCount = 0
    private var hasList = false
    private var hasPagination = false

    /// Walks over the whole body; `nil` if it is not written as the model says.
    init?(_ body: Span<UInt8>, model: PageModel) {
        walker = JSONWalker(body)
        guard readTop(body, model), walker.position == body.count, hasList, hasPagination else { return nil }
    }

    /// The members of the row that an answer with one row shows, by their index in the model; empty where one
    /// is missing. `nil` if it is no such answer.
    static func members(ofSingleRow body: Span<UInt8>, model: PageModel) -> [[UInt8]]? {
        var scan = PageScan()
        guard scan.readSingle(body, model), scan.walker.position == body.count, !scan.offsets.isEmpty else {
            return nil
        }
        let members = model.members.indices.map { member in
            let start = Int(scan.offsets[2 * (member + 1)])
            let end = Int(scan.offsets[2 * (member + 1) + 1])
            return body.extracting(start..<end).array
        }
        guard let id = members.first else { return nil }
        return model.order.holds(id.span) ? members : nil
    }

    private init() { walker = JSONWalker() }

    // MARK: The page

    private mutating func readSingle(_ body: Span<UInt8>, _ model: PageModel) -> Bool {
        guard walker.take(UInt8(ascii: "{"), body) else { return false }
        while true {
            guard let name = walker.plainName(body) else { return false }
            if body.extracting(name.range).equals(model.rows) {
                guard offsets.isEmpty else { return false }
                var row: [UInt32] = []
                guard readRow(body, model, &row) else { return false }
                offsets = row
            } else if !walker.word("null", body) {
                return false
            }
            if walker.take(UInt8(ascii: "}"), body) { return true }
            guard walker.take(UInt8(ascii: ","), body) else { return false }
        }
    }

    private mutating func readTop(_ body: Span<UInt8>, _ model: PageModel) -> Bool {
        guard walker.take(UInt8(ascii: "{"), body) else { return false }
        var previousEnd: Int?
        while true {
            let start = walker.position
            guard let name = walker.plainName(body) else { return false }
            let text = body.extracting(name.range)
            if text.equals(model.rows) {
                guard !hasList, readRows(body, model) else { return false }
                hasList = true
            } else if text.equals(model.pagination) {
                guard !hasPagination, readPagination(body, model) else { return false }
                hasPagination = true
                paginationMember = ByteRange(from: previousEnd ?? start, to: walker.position)
                // The first member has no comma before it, so the one behind goes with it.
                if previousEnd == nil, walker.byte(body) == UInt8(ascii: ",") {
                    paginationMember = ByteRange(from: start, to: walker.position + 1)
                }
            } else if !walker.word("null", body) {
                // It might speak of this page only: another page would have to have it otherwise.
                return false
            }
            previousEnd = walker.position
            if walker.take(UInt8(ascii: "}"), body) { return true }
            guard walker.take(UInt8(ascii: ","), body) else { return false }
        }
    }

    private mutating func readPagination(_ body: Span<UInt8>, _ model: PageModel) -> Bool {
        guard walker.take(UInt8(ascii: "{"), body) else { return false }
        var (hasLimit, hasHasMore, hasNextCursor) = (false, false, false)
        while true {
            guard let name = walker.plainName(body) else { return false }
            let text = body.extracting(name.range)
            let start = walker.position
            let kind: ListPage.Hole.Kind
            if text.equals(model.paginationLimit), !hasLimit {
                hasLimit = true
                kind = .limit
                guard readLimit(body) else { return false }
            } else if text.equals(model.paginationHasMore), !hasHasMore {
                hasHasMore = true
                kind = .hasMore
                hasMore = walker.word("true", body)
                guard hasMore || walker.word("false", body) else { return false }
            } else if text.equals(model.paginationNextCursor), !hasNextCursor {
                hasNextCursor = true
                kind = .nextCursor
                if !walker.word("null", body) {
                    nextCursor = walker.plainString(body)
                    guard nextCursor != nil else { return false }
                }
            } else {
                return false
            }
            addHole(kind, from: start)
            if walker.take(UInt8(ascii: "}"), body) { return hasLimit && hasHasMore && hasNextCursor }
            guard walker.take(UInt8(ascii: ","), body) else { return false }
        }
    }

    private mutating func readLimit(_ body: Span<UInt8>) -> Bool {
        let start = walker.position
        guard walker.value(body), let number = body.extracting(start..<walker.position).smallNumber
        else { return false }
        limit = number
        return true
    }

    private mutating func addHole(_ kind: ListPage.Hole.Kind, from start: Int) {
        holes[holeCount] = ListPage.Hole(kind: kind, range: ByteRange(from: start, to: walker.position))
        holeCount += 1
    }

    // MARK: Rows

    private mutating func readRows(_ body: Span<UInt8>, _ model: PageModel) -> Bool {
        let listStart = walker.position
        guard walker.take(UInt8(ascii: "["), body) else { return false }
        let start = walker.position
        var offsets: [UInt32] = []
        var count = 0
        while walker.byte(body) == UInt8(ascii: "{") || count > 0 {
            guard count < ListPage.maximumRows, readRow(body, model, &offsets) else { return false }
            count += 1
            guard Self.isOrdered(body, model, offsets) else { return false }
            if walker.byte(body) == UInt8(ascii: "]") { break }
            guard walker.take(UInt8(ascii: ","), body) else { return false }
        }
        self.offsets = offsets
        addHole(.rows, from: start)
        guard walker.take(UInt8(ascii: "]"), body) else { return false }
        list = ByteRange(from: listStart, to: walker.position)
        return true
    }

    /// Reads a row; appends to `offsets` where it and its members stand.
    private mutating func readRow(_ body: Span<UInt8>, _ model: PageModel, _ offsets: inout [UInt32]) -> Bool
    {
        let base = offsets.count
        let stride = 2 * (model.members.count + 1)
        // Room for the rows of a small page at once, and then for twice as many.
        if offsets.capacity < base + stride { offsets.reserveCapacity(max(4 * stride, 2 * base)) }
        for _ in 0..<stride { offsets.append(0) }
        var table = offsets.mutableSpan
        return Self.readRow(body, model, &walker, base, &table)
    }

    /// Reads a row; puts into `offsets`, which are zero from `base` on, where it and its members stand.
    private static func readRow(
        _ body: Span<UInt8>, _ model: PageModel, _ walker: inout JSONWalker, _ base: Int,
        _ offsets: inout MutableSpan<UInt32>
    ) -> Bool {
        let start = walker.position
        guard walker.take(UInt8(ascii: "{"), body) else { return false }
        var previousEnd: Int?
        // The optional member stands first: what is cut ends where the next name begins.
        var openCut: Int?
        while true {
            let nameStart = walker.position
            guard let name = walker.plainName(body) else { return false }
            if let index = openCut {
                offsets[index + 1] = UInt32(nameStart)
                openCut = nil
            }
            if let member = model.member(named: name, in: body) {
                let index = base + 2 * (member + 1)
                let kind = model.members[member].kind
                guard offsets[index + 1] == 0,
                    let range = readMember(kind, body, &walker, from: previousEnd ?? nameStart)
                else { return false }
                offsets[index] = range.start
                offsets[index + 1] = UInt32(range.end)
                if kind == .optional, previousEnd == nil { openCut = index }
            } else if !walker.value(body) {
                return false
            }
            previousEnd = walker.position
            if walker.take(UInt8(ascii: "}"), body) { break }
            guard walker.take(UInt8(ascii: ","), body) else { return false }
        }
        offsets[base] = UInt32(start)
        offsets[base + 1] = UInt32(walker.position)
        for member in model.members.indices where model.members[member].kind.isRequired {
            if offsets[base + 2 * (member + 1) + 1] == 0 { return false }
        }
        return true
    }

    /// Reads the value of a member; gives its text, or for the optional one what is to be cut.
    private static func readMember(
        _ kind: PageModel.MemberKind, _ body: Span<UInt8>, _ walker: inout JSONWalker, from cutStart: Int
    ) -> ByteRange? {
        switch kind {
        case .text: return walker.plainString(body)
        case .instant:
            guard let range = walker.plainString(body), body.extracting(range.range).isShownInstant else {
                return nil
            }
            return range
        case .optionalText, .optionalInstant:
            let start = walker.position
            guard walker.byte(body) == 0x22 else {
                return walker.value(body) ? ByteRange(from: start, to: start) : nil
            }
            guard let range = walker.string(body) else { return nil }
            let text = body.extracting(range.range)
            // Empty for what is not read: an escape, or a moment in another form.
            let isRead = kind == .optionalInstant ? text.isShownInstant : !text.holdsEscape
            return isRead ? range : ByteRange(from: start, to: start)
        case .optional:
            return walker.value(body) ? ByteRange(from: cutStart, to: walker.position) : nil
        }
    }

    /// Whether the last row's id is one whose order is known, and stands behind the one before.
    private static func isOrdered(_ body: Span<UInt8>, _ model: PageModel, _ offsets: [UInt32]) -> Bool {
        let stride = 2 * (model.members.count + 1)
        let last = offsets.count - stride
        let id = body.extracting(Int(offsets[last + 2])..<Int(offsets[last + 3]))
        guard model.order.holds(id) else { return false }
        guard last > 0 else { return true }
        let before = body.extracting(Int(offsets[last - stride + 2])..<Int(offsets[last - stride + 3]))
        return model.order.compares(before, id) && before.order(against: id) < 0
    }
}

extension Span where Element == UInt8 {
    fileprivate var holdsEscape: Bool {
        for index in 0..<count where self[index] == 0x5C { return true }
        return false
    }

    /// Whether these are `2026-11-23T12:00:00.000Z` with any digits: text that is ordered like the moments it
    /// shows.
    fileprivate var isShownInstant: Bool {
        // Eight bytes at a time; see `isInstantPart`.
        count == 24 && word(at: 0).isInstantPart(0x2D30_302D_3030_3030, 0x7F76_767F_7676_7676)  // 0000-00-
            && word(at: 8).isInstantPart(0x3030_3A30_3054_3030, 0x7676_7F76_767F_7676)  // 00T00:00
            && word(at: 16).isInstantPart(0x5A30_3030_2E30_303A, 0x7F76_7676_7F76_767F)  // :00.000Z
    }
}

extension UInt64 {
    /// Whether eight bytes have digits where `pattern` has zeros, and are the pattern's elsewhere. Of two
    /// bytes that may stand at one place the exclusive or is at most nine for digits, and else zero; added to
    /// `room`, 0x76 or 0x7F, that leaves the highest bit clear.
    @inline(__always)
    fileprivate func isInstantPart(_ pattern: UInt64, _ room: UInt64) -> Bool {
        let difference = self ^ pattern
        return (difference | (difference &+ room)) & 0x8080_8080_8080_8080 == 0
    }
}

extension PageModel.MemberKind {
    /// Whether a row without the member is none.
    fileprivate var isRequired: Bool {
        switch self {
        case .text, .instant: true
        case .optional, .optionalInstant, .optionalText: false
        }
    }
}
