import Cache
import HTTPModel
import Testing

@testable import GatewayCore

/// Which bytes are a request that was there before, and which requests are kept to be compared with.
struct RepeatedRequestTests {
    private static let text =
        "GET /v1/sessions?limit=2 HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer abc\r\n\r\n"

    private func repeated() throws -> (RepeatedRequest, ConfigurationSnapshot) {
        let cache = HTTPCache(configuration: CacheConfiguration(), seed: (1, 2))
        let routes = try ProxyFixture.routes(#"{ "name": "list", "path": "/v1/sessions" }"#)
        let snapshot = try ProxyFixture.snapshot(routes, tenants: ["acme"], cache: cache)
        let (head, bytes) = (HTTP1Samples.parse(Self.text).head, Array(Self.text.utf8))
        let record = ExchangeRecord(
            head, ProxyFixture.downstream(), Borrowed(snapshot), receivedBytes: bytes.count)
        let repeated = RepeatedRequest(
            .refused(.noRoute), nil, record, head: bytes.span, target: [], pageAsk: nil,
            request: CacheRequest(head, bytes: bytes.span), condition: [], acceptsProblem: false,
            logFields: [])
        return (repeated, snapshot)
    }

    @Test func onlyTheVerySameBytesAreTheRequestWhateverFollowsThem() throws {
        let (repeated, _) = try repeated()
        let bytes = Array(Self.text.utf8)

        let isItself = repeated.isBegin(of: bytes.span)
        let followed = bytes + Array("GET / HTTP/1.1\r\n".utf8)
        let isFollowed = repeated.isBegin(of: followed.span)
        #expect(isItself && isFollowed)
        #expect(repeated.headByteCount == bytes.count)
        for cut in bytes.indices {
            let isShorter = repeated.isBegin(of: bytes.span.extracting(first: cut))
            #expect(!isShorter)
        }
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                let isChanged = repeated.isBegin(of: changed.span)
                #expect(!isChanged, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test func itIsJudgedByOneSnapshotAlone() throws {
        let (repeated, snapshot) = try repeated()
        let (_, other) = try self.repeated()

        #expect(repeated.isJudged(by: snapshot))
        // Of the same generation, as no two of one gateway are.
        #expect(other.generation == snapshot.generation)
        #expect(!repeated.isJudged(by: other))
    }

    @Test func theFirstRequestOfAConnectionIsNotKeptAndTheSecondIs() {
        var watch = RepetitionWatch()
        let (first, second) = (watch.misses(), watch.misses())

        #expect(!first && second)
    }

    @Test func aClientThatNeverRepeatsItselfHasOneRequestIn64Kept() {
        var watch = RepetitionWatch()
        var kept = 0

        for _ in 0..<6_500 where watch.misses() {
            watch.keeps()
            kept += 1
        }

        #expect((100...108).contains(kept), "\(kept)")
    }

    @Test func theOneOfTwoInTurnsThatIsKeptStays() {
        var watch = RepetitionWatch()
        _ = watch.misses()
        if watch.misses() { watch.keeps() }

        for _ in 0..<100 {
            watch.matches()
            let isKept = watch.misses()
            #expect(!isKept)
        }
    }

    @Test func requestsThatCannotBeKeptAreNotCountedForEver() {
        var watch = RepetitionWatch()

        for _ in 0..<1_000 { _ = watch.misses() }
        let isStillWanted = watch.misses()

        #expect(isStillWanted)
    }
}
