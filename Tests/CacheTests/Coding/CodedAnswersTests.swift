import HTTPModel
import Testing

@testable import Cache

/// Codings of a stored answer: each made once, counted, and gone with it.
struct CodedAnswersTests {
    private static let both = ContentCodings([.zstd, .gzip])
    private static let body = [UInt8](repeating: 0x61, count: 4_096)

    private func accepted(_ line: String) -> AcceptedCodings {
        request(.get, ["Accept-Encoding: \(line)"]).codings
    }

    private func stored(_ cache: HTTPCache, _ partition: CachePartition, _ query: String = "q") throws
        -> CacheEntry
    {
        try #require(cache.fill(partition, query, body: Self.body)).entry
    }

    @Test func theSecondThatWantsACodingIsToMakeItAndNobodyElse() throws {
        let cache = smallCache()
        let entry = try stored(cache, cache.partition(tenant: "t", credential: 1))

        #expect((0..<4).map { _ in entry.wants(.gzip) } == [false, true, false, false])
        entry.postpone(.gzip)
        #expect((0..<2).map { _ in entry.wants(.gzip) } == [true, false])
        entry.giveUp(.gzip)
        #expect(!entry.wants(.gzip))
        #expect((0..<3).map { _ in entry.wants(.zstd) } == [false, true, false])
    }

    @Test func aCodedAnswerHasATagOfItsOwnAndTheFieldsOfThePlainOne() throws {
        let cache = smallCache()
        let entry = try stored(cache, cache.partition(tenant: "t", credential: 1))
        let coded = CacheEntry(.gzip, body: [1, 2, 3], of: entry)

        let tag = entry.text(entry.eTag)
        #expect(coded.text(coded.eTag) == "\(tag.dropLast())-gzip\"")
        #expect(
            coded.text(coded.headStart)
                == "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: \(coded.text(coded.eTag))\r\n"
                + "Content-Encoding: gzip\r\n\(entry.text(entry.fields))")
        #expect(Array(coded.bytes[coded.body.range]) == [1, 2, 3])
        #expect(coded.remainingLifetimeSeconds(now: at(1)) == entry.remainingLifetimeSeconds(now: at(1)))
        #expect(entry.text(entry.fields).contains("\r\nVary: Accept-Encoding\r\n"))
    }

    @Test func theFormThatIsThereAndLikedBestIsGiven() throws {
        let cache = smallCache()
        let entry = try stored(cache, cache.partition(tenant: "t", credential: 1))
        let gzip = CacheEntry(.gzip, body: [1], of: entry)
        #expect(cache.keep(gzip, .gzip, with: entry))

        for (line, isGzip, wanted) in [
            ("gzip", true, nil), ("zstd, gzip;q=0.5", true, .zstd), ("zstd", false, .zstd),
            ("identity, gzip;q=0.5", false, nil), ("br", false, nil),
        ] as [(String, Bool, ContentCoding?)] {
            let found = entry.inCoding(accepted(line), of: Self.both)
            let answer = found.answer.object
            #expect((answer === gzip) == isGzip && (answer === entry) == !isGzip, "\(line)")
            #expect(found.wanted == wanted, "\(line)")
        }
    }

    @Test func itCountsAgainstTheMemoryAndGoesWithItsAnswer() throws {
        let cache = smallCache()
        let partition = cache.partition(tenant: "t", credential: 1)
        let entry = try stored(cache, partition)
        let before = cache.statistics().accountedBytes
        let coded = CacheEntry(.zstd, body: [UInt8](repeating: 1, count: 1_000), of: entry)

        #expect(cache.keep(coded, .zstd, with: entry))

        #expect(cache.statistics().accountedBytes == before + coded.accountedBytes)
        #expect(entry.accountedBytes > coded.accountedBytes)
        #expect(!cache.keep(coded, .zstd, with: entry))
        cache.checkInvariants()
        _ = cache.purge(partition, route: nil, now: at(0))
        #expect(cache.statistics().entries == 0)
        #expect(cache.statistics().accountedBytes < before)
        #expect(!cache.keep(CacheEntry(.gzip, body: [1], of: entry), .gzip, with: entry))
        cache.checkInvariants()
    }

    @Test func othersMakeRoomButNotItsOwnAnswer() throws {
        let cache = smallCache(memoryBytes: 1 << 17, maximumEntryBytes: 1 << 17, sharePercent: 100)
        let partition = cache.partition(tenant: "t", credential: 1)
        for key in 0..<60 { _ = try stored(cache, partition, "k\(key)") }
        let entry = try stored(cache, partition)
        let small = CacheEntry(.gzip, body: [UInt8](repeating: 1, count: 2_000), of: entry)
        let large = CacheEntry(.zstd, body: [UInt8](repeating: 1, count: 1 << 17), of: entry)

        #expect(cache.keep(small, .gzip, with: entry))
        cache.checkInvariants()
        #expect(!cache.keep(large, .zstd, with: entry))
        cache.checkInvariants()
        #expect(cache.lookUp(partition, "q").freshEntry === entry)
    }
}
