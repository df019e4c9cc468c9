import HTTPModel

/// Where things stand in the body of a list page: its rows, what is read of them, and what is said about the
/// page. Found once, when the page is stored, so that answering from it needs no second look.
///
/// A body is a page only if everything about it is as the model says: one object of the rows, the pagination
/// and members that are null; written without blanks between rows and members, so that what is cut or joined
/// reads as the upstream would have written it; ids in ascending order. Anything else is no page, and is then
/// stored only as itself.
struct ListPage: Sendable {
    /// Most rows of a page.
    static let maximumRows = 1_024

    /// A part of the body that another page has otherwise.
    struct Hole: Sendable {
        enum Kind: Sendable {
            case rows, limit, hasMore, nextCursor
        }

        let kind: Kind
        let range: ByteRange
    }

    /// Number of rows.
    private(set) var rowCount = 0
    /// The page size that was asked for.
    private(set) var limit = 0
    /// Whether no rows follow behind the page.
    private(set) var isComplete = false
    /// What differs between pages, in the order of the body.
    private(set) var holes: InlineArray<4, Hole>
    /// The list of rows with its brackets.
    private(set) var list = ByteRange.empty
    /// The pagination with its name and one comma: what an answer with a single row does not have.
    private(set) var paginationMember = ByteRange.empty
    /// A digest of everything outside the holes.
    private(set) var frameDigest: ContentDigest
    /// The same for an answer with a single row.
    private(set) var rowFrameDigest: ContentDigest
    // For each row: start and end, then start and end of each member of the model; equal where it is missing.
    private var offsets: [UInt32] = []
    // For each row the sum of the digests of all before it, and at the end that of all.
    private var sums: [DigestSum] = []
    // The same of the rows without the optional member; empty where no row has it.
    private var cutSums: [DigestSum] = []
    private let memberCount: Int
    private let optionalMember: Int?

    /// Reads a body; `nil` if it is no page of this model. Linear, about 6 instructions a byte for rows of
    /// short members, and 3 more for the digests.
    init?(_ body: Span<UInt8>, model: PageModel) {
        guard var page = Self.scan(body, model: model) else { return nil }
        page.makeDigests(body)
        self = page
    }

    /// The same without digests: enough to see whether they are worth making, by `makeDigests`. No
    /// initializer, which would copy its result.
    static func scan(_ body: Span<UInt8>, model: PageModel) -> ListPage? {
        guard body.count < Int(UInt32.max), let found = PageScan(body, model: model),
            found.isASCII || isUTF8(body)
        else { return nil }
        let rowCount = found.offsets.count / (2 * (model.members.count + 1))
        guard isConsistent(found, rowCount, body) else { return nil }
        return ListPage(found, rowCount: rowCount, model)
    }

    private init(_ found: borrowing PageScan, rowCount: Int, _ model: PageModel) {
        memberCount = model.members.count
        optionalMember = model.members.firstIndex { $0.kind == .optional }
        self.rowCount = rowCount
        limit = found.limit
        isComplete = !found.hasMore
        list = found.list
        paginationMember = found.paginationMember
        holes = found.holes
        offsets = found.offsets
        frameDigest = .none
        rowFrameDigest = .none
    }

    private static func isUTF8(_ body: Span<UInt8>) -> Bool {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: body)
            return true
        } catch {
            return false
        }
    }

    /// A row.
    func row(_ index: Int) -> ByteRange { range(at: 2 * index * (memberCount + 1)) }

    /// A member of a row, by its index in the model: what stands between the quotes of a string; for the
    /// optional member what is to be cut to leave it out, empty where it is missing.
    func member(_ member: Int, ofRow index: Int) -> ByteRange {
        range(at: 2 * (index * (memberCount + 1) + member + 1))
    }

    /// The id of a row.
    func id(ofRow index: Int) -> ByteRange { member(0, ofRow: index) }

    /// What leaves the optional member out of a row; empty if the row has none.
    func cut(ofRow index: Int) -> ByteRange {
        optionalMember.map { member($0, ofRow: index) } ?? .empty
    }

    /// The sum of the digests of a run of rows, whole or without the optional member.
    func sum(of rows: Range<Int>, isCut: Bool) -> DigestSum {
        if isCut, !cutSums.isEmpty { return cutSums[rows.upperBound] - cutSums[rows.lowerBound] }
        return sums[rows.upperBound] - sums[rows.lowerBound]
    }

    /// The first row whose id is greater than `cursor`; as many as there are rows if none is.
    func firstRow(after cursor: Span<UInt8>, _ body: Span<UInt8>) -> Int {
        var (low, high) = (0, rowCount)
        while low < high {
            let middle = (low + high) / 2
            if body.extracting(id(ofRow: middle).range).order(against: cursor) > 0 {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }

    /// The row with this id; `nil` if the page does not show it.
    func row(withID id: Span<UInt8>, _ body: Span<UInt8>) -> Int? {
        var (low, high) = (0, rowCount)
        while low < high {
            let middle = (low + high) / 2
            let order = body.extracting(self.id(ofRow: middle).range).order(against: id)
            if order == 0 { return middle }
            if order > 0 { high = middle } else { low = middle + 1 }
        }
        return nil
    }

    /// Memory of the tables, malloc's rounding and the headers included, in bytes.
    var tableBytes: Int {
        Self.arrayBytes(offsets.capacity * MemoryLayout<UInt32>.stride)
            + Self.arrayBytes(sums.capacity * MemoryLayout<DigestSum>.stride)
            + Self.arrayBytes(cutSums.capacity * MemoryLayout<DigestSum>.stride)
    }

    private static func arrayBytes(_ bytes: Int) -> Int { bytes == 0 ? 0 : (bytes + 32 + 8 + 15) & ~15 }

    private func range(at index: Int) -> ByteRange {
        ByteRange(from: Int(offsets[index]), to: Int(offsets[index + 1]))
    }

    /// Whether what the page says about itself agrees with what it holds.
    private static func isConsistent(
        _ found: borrowing PageScan, _ rowCount: Int, _ body: Span<UInt8>
    ) -> Bool {
        guard rowCount <= found.limit, !found.hasMore || rowCount == found.limit else { return false }
        switch (found.hasMore, found.nextCursor) {
        case (false, nil): return true
        case (true, .some(let cursor)):
            guard rowCount > 0 else { return false }
            let lastRow = found.offsets.count / rowCount * (rowCount - 1)
            let id = Int(found.offsets[lastRow + 2])..<Int(found.offsets[lastRow + 3])
            return body.extracting(cursor.range).equals(body.extracting(id))
        case (false, .some), (true, nil): return false
        }
    }

    /// Makes the digests, for a page that is to be kept.
    mutating func makeDigests(_ body: Span<UInt8>) {
        var frame = SipHash(key: ContentDigest.publishedKey, variant: 0xEE)
        var end = 0
        for index in 0..<4 {
            frame.absorb(
                part: body.extracting(end..<Int(holes[index].range.start)), rounds: ContentDigest.rounds)
            end = holes[index].range.end
        }
        frame.absorb(part: body.extracting(end..<body.count), rounds: ContentDigest.rounds)
        frameDigest = ContentDigest(finishing: frame)

        var rowFrame = SipHash(key: ContentDigest.publishedKey, variant: 0xEE)
        let (first, second) =
            list.start < paginationMember.start ? (list, paginationMember) : (paginationMember, list)
        rowFrame.absorb(part: body.extracting(0..<Int(first.start)), rounds: ContentDigest.rounds)
        rowFrame.absorb(part: body.extracting(first.end..<Int(second.start)), rounds: ContentDigest.rounds)
        rowFrame.absorb(part: body.extracting(second.end..<body.count), rounds: ContentDigest.rounds)
        rowFrameDigest = ContentDigest(finishing: rowFrame)

        var bytes: [UInt8] = []
        let hasCuts = (0..<rowCount).contains { !cut(ofRow: $0).isEmpty }
        sums.reserveCapacity(rowCount + 1)
        if hasCuts { cutSums.reserveCapacity(rowCount + 1) }
        var (sum, cutSum) = (DigestSum(), DigestSum())
        sums.append(sum)
        if hasCuts { cutSums.append(cutSum) }
        for index in 0..<rowCount {
            let row = row(index)
            let digest = ContentDigest(body.extracting(row.range))
            sum.add(digest)
            sums.append(sum)
            guard hasCuts else { continue }
            let cut = cut(ofRow: index)
            if cut.isEmpty {
                cutSum.add(digest)
            } else {
                bytes.removeAll(keepingCapacity: true)
                bytes.append(body.extracting(Int(row.start)..<Int(cut.start)))
                bytes.append(body.extracting(cut.end..<row.end))
                cutSum.add(ContentDigest(bytes.span))
            }
            cutSums.append(cutSum)
        }
    }
}
