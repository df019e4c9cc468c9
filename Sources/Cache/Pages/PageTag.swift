import HTTPModel

/// The sum of rows' digests, each half by itself and without carry: what tells one set of rows from another.
///
/// Rows stand in the order of their ids and no id twice, so a set of rows is also one sequence. Sums of all
/// rows up to each one are kept with a page; that of any run of rows is then one subtraction.
struct DigestSum: Sendable, Hashable {
    private(set) var high: UInt64 = 0
    private(set) var low: UInt64 = 0

    /// The sum of no rows.
    init() {}

    /// Adds a row.
    mutating func add(_ digest: ContentDigest) {
        high &+= digest.high
        low &+= digest.low
    }

    /// Adds other rows.
    mutating func add(_ other: DigestSum) {
        high &+= other.high
        low &+= other.low
    }

    /// The rows of one sum that are not in another, whose rows it must hold all.
    static func - (sum: DigestSum, part: DigestSum) -> DigestSum {
        var rest = sum
        rest.high &-= part.high
        rest.low &-= part.low
        return rest
    }
}

/// What the entity tag of a page, or of one of its rows alone, is made of: the digest of what stands around
/// the rows, and the sum of their digests. Answers with the same bytes have the same tag, however they came
/// about.
struct PageTag {
    private var hash = SipHash(key: ContentDigest.publishedKey, variant: 0xEE)

    /// The tag of a page: its frame, what its pagination says, and its rows. The next cursor follows from
    /// the last row.
    init(frame: ContentDigest, limit: Int, hasMore: Bool, rowCount: Int, _ rows: DigestSum) {
        self.init(frame: frame)
        absorb(UInt64(limit) << 1 | (hasMore ? 1 : 0))
        absorb(UInt64(rowCount))
        absorb(rows)
    }

    /// The tag of an answer with one row.
    init(frame: ContentDigest, row: DigestSum) {
        self.init(frame: frame)
        absorb(row)
    }

    /// The tag of a page as it came.
    init(_ page: ListPage) {
        self.init(
            frame: page.frameDigest, limit: page.limit, hasMore: !page.isComplete, rowCount: page.rowCount,
            page.sum(of: 0..<page.rowCount, isCut: false))
    }

    private init(frame: ContentDigest) {
        absorb(frame.high)
        absorb(frame.low)
    }

    private mutating func absorb(_ rows: DigestSum) {
        absorb(rows.high)
        absorb(rows.low)
    }

    private mutating func absorb(_ word: UInt64) { hash.absorb(word, rounds: ContentDigest.rounds) }

    /// The tag.
    consuming func finish() -> ContentDigest { ContentDigest(finishing: hash) }
}
