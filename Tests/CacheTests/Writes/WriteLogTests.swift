import HTTPModel
import Testing

@testable import Cache

struct WriteLogTests {
    private let cache = smallCache(memoryBytes: 8 << 20)
    private var partition: CachePartition { cache.partition(tenant: "acme", credential: 1) }
    private static let list = ListAddress(route: 1, path: Array("/v1/sessions".utf8), model: sessionsModel)
    private static let target = "/v1/sessions/vs_aaaa"

    private static func elsewhere(_ number: Int) -> WriteEffect {
        let id = Array("vs_b00\(number % 10)".utf8)
        return .row(RowWrite(to: list, id: id.span, keepsRow: true))
    }

    private var isHeld: Bool { cache.lookUp(partition, Self.target).freshEntry != nil }

    @Test func asManyWritesAsAreKeptAreToldApart() {
        cache.fill(partition, Self.target, body: [1])
        for number in 0..<WriteLog.maximumKept { cache.invalidate(partition, Self.elsewhere(number)) }

        #expect(isHeld)
    }

    @Test func anAnswerThatMissedMoreIsTakenForChanged() {
        cache.fill(partition, Self.target, body: [1])
        for number in 0...WriteLog.maximumKept { cache.invalidate(partition, Self.elsewhere(number)) }

        #expect(!isHeld)
        cache.fill(partition, Self.target, body: [2])
        #expect(isHeld)
    }

    @Test func anAnswerThatIsLookedAtInBetweenMissesNothing() {
        cache.fill(partition, Self.target, body: [1])
        for number in 0..<500 {
            cache.invalidate(partition, Self.elsewhere(number))
            #expect(isHeld)
        }
    }

    @Test func aWriteOfUnknownExtentEndsEverythingOfBefore() {
        cache.fill(partition, Self.target, body: [1])
        cache.invalidate(partition, Self.elsewhere(0))
        cache.invalidate(partition, .everything)
        cache.invalidate(partition, Self.elsewhere(1))

        #expect(!isHeld)
        #expect(!isHeld)
        cache.checkInvariants()
    }

    @Test func whatIsStoredAfterAWriteIsNotItsConcern() {
        let id = Array("vs_aaaa".utf8)
        cache.invalidate(partition, .row(RowWrite(to: Self.list, id: id.span, keepsRow: true)))
        cache.fill(partition, Self.target, body: [1])

        #expect(isHeld)
        cache.invalidate(partition, .row(RowWrite(to: Self.list, id: id.span, keepsRow: true)))
        #expect(!isHeld)
    }
}
