import HTTPModel
import Testing

@testable import Cache

struct CacheKeyTests {
    private let hasher = KeyHasher(seed: (3, 4))
    private let first = CachePartition(id: 1)
    private let second = CachePartition(id: 2)

    @Test func partitionRouteAndQueryAllChangeTheHash() {
        let query = Array("limit=10".utf8)
        let hashes: Set<UInt64> = [
            hasher.hash(partition: first, route: 1, query: query.span),
            hasher.hash(partition: second, route: 1, query: query.span),
            hasher.hash(partition: first, route: 2, query: query.span),
            hasher.hash(partition: first, route: 1, query: Array("limit=11".utf8).span),
            hasher.hash(partition: first, route: 1, query: Array("limit=1".utf8).span),
        ]

        #expect(hashes.count == 5)
    }

    @Test func theSeedChangesTheHash() {
        let query = Array("limit=10".utf8)
        let other = KeyHasher(seed: (3, 5))

        let (one, two) = (
            hasher.hash(partition: first, route: 1, query: query.span),
            other.hash(partition: first, route: 1, query: query.span)
        )
        #expect(one != two)
    }

    @Test func keysWithOneHashButDifferentPartsAreDifferent() {
        let key = CacheKey(partition: first, route: 1, query: [1], hash: 7)

        #expect(key != CacheKey(partition: second, route: 1, query: [1], hash: 7))
        #expect(key != CacheKey(partition: first, route: 2, query: [1], hash: 7))
        #expect(key != CacheKey(partition: first, route: 1, query: [2], hash: 7))
        #expect(key == CacheKey(partition: first, route: 1, query: [1], hash: 7))
    }

    @Test(arguments: [0, 1, 7, 8, 31, 32, 33, 200])
    func wholeComparisonSeesEveryByte(count: Int) {
        let bytes = [UInt8](repeating: 5, count: count)
        let copy = Array(bytes)
        let isEqual = bytes.span.equalsWholly(copy.span)
        let isEqualToLonger = bytes.span.equalsWholly((bytes + [5]).span)

        #expect(isEqual)
        #expect(!isEqualToLonger)
        for index in 0..<count {
            var other = bytes
            other[index] = 6
            let isEqualToOther = bytes.span.equalsWholly(other.span)
            #expect(!isEqualToOther)
        }
    }
}
