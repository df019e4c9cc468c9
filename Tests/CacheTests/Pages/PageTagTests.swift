import HTTPModel
import Testing

@testable import Cache

struct PageTagTests {
    private static let digests = (0..<5).map { ContentDigest([UInt8($0)].span) }

    private static func sum(_ rows: Range<Int>) -> DigestSum {
        digests[rows].reduce(into: DigestSum()) { $0.add($1) }
    }

    private static func tag(
        limit: Int = 5, hasMore: Bool = false, rows: Range<Int> = 0..<5, frame: ContentDigest = digests[0]
    ) -> ContentDigest {
        PageTag(frame: frame, limit: limit, hasMore: hasMore, rowCount: rows.count, sum(rows)).finish()
    }

    @Test func theSumOfARunIsTheDifferenceOfTwo() {
        for start in 0...5 {
            for end in start...5 {
                #expect(Self.sum(0..<end) - Self.sum(0..<start) == Self.sum(start..<end), "\(start), \(end)")
            }
        }
    }

    @Test func sumsOfRunsAddUp() {
        var sum = Self.sum(0..<2)
        sum.add(Self.sum(2..<5))

        #expect(sum == Self.sum(0..<5))
    }

    @Test func everyPartOfAPageTellsInItsTag() {
        let tags: Set = [
            Self.tag(), Self.tag(limit: 6), Self.tag(hasMore: true), Self.tag(rows: 0..<4),
            Self.tag(rows: 1..<5), Self.tag(rows: 0..<0), Self.tag(frame: Self.digests[1]),
            PageTag(frame: Self.digests[0], row: Self.sum(0..<1)).finish(),
            PageTag(frame: Self.digests[0], row: Self.sum(1..<2)).finish(),
        ]

        #expect(tags.count == 9)
    }
}
