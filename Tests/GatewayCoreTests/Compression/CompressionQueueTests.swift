import Cache
import HTTPModel
import Testing

@testable import GatewayCore

/// Answers are made smaller one after the other, a slice at a time.
struct CompressionQueueTests {
    private let cache = HTTPCache(configuration: CacheConfiguration(), seed: (1, 2))

    private func stored(_ query: String, _ body: [UInt8]) throws -> CacheEntry {
        let partition = cache.partition(tenant: "t", credential: 1)
        let now = MonotonicInstant(nanoseconds: 1_000_000_000)
        var head = ResponseHead(status: .ok)
        head.append(name: Array("Content-Type".utf8).span, value: Array("application/json".utf8).span)
        let waiter = Waiter(worker: 0, token: 0)
        let bytes = Array(query.utf8)
        switch cache.join(partition, route: 1, query: bytes.span, waiter: waiter, now: now) {
        case .lead(let permit):
            let request = CacheRequest(RequestHead(), bytes: [UInt8]().span)
            let timing = FetchTiming(requestedAt: now, receivedAt: now, receivedUnixSeconds: 1)
            let decision = cache.decide(
                StoragePolicy.Subject(
                    request: request, response: head, framing: .length(UInt64(body.count)), timing: timing),
                routeLifetime: .seconds(60))
            return cache.admit(
                permit, head: head, body: body.span, decision: decision, receivedUnixSeconds: 1
            ).entry
        case .follow: throw Unexpected()
        case .alone: throw Unexpected()
        case .fresh: throw Unexpected()
        }
    }

    private struct Unexpected: Error {}

    private func body(_ outcome: CompressionQueue.Outcome?) -> [UInt8]? {
        guard case .encoded(_, _, let body)? = outcome else { return nil }
        return body
    }

    @Test(arguments: [1_024, 32_768, 32_769, 100_000])
    func anAnswerTakesATurnForEachSlice(byteCount: Int) throws {
        let text = (0..<byteCount).map { UInt8(0x61 + $0 % 7) }
        let entry = try stored("q", text)
        var queue = CompressionQueue(CompressionPolicy())
        _ = queue.add(entry, .gzip)
        var turns = 1
        var outcome = queue.advance()

        while outcome == nil, turns < 100 {
            turns += 1
            outcome = queue.advance()
        }

        #expect(turns == (byteCount + 32_767) / 32_768)
        #expect(try Decoding.gzip(#require(body(outcome))) == text)
        let isEmpty = queue.isEmpty
        #expect(isEmpty)
    }

    @Test func bothCodingsAreMadeInTheirOrder() throws {
        let text = [UInt8](repeating: 0x61, count: 5_000)
        let entry = try stored("q", text)
        var queue = CompressionQueue(CompressionPolicy())
        _ = queue.add(entry, .zstd)
        _ = queue.add(entry, .gzip)

        let (first, second, third) = (queue.advance(), queue.advance(), queue.advance())

        #expect(try Decoding.zstd(#require(body(first))) == text)
        #expect(try Decoding.gzip(#require(body(second))) == text)
        #expect(third == nil)
    }

    @Test func whatWouldNotBeSmallerIsGivenUpAndTheNextIsMade() throws {
        var randomness = SystemRandomness()
        let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &randomness) }
        let text = [UInt8](repeating: 0x61, count: 5_000)
        var queue = CompressionQueue(CompressionPolicy())
        for coding in ContentCoding.allCases { _ = try queue.add(stored("\(coding)", noise), coding) }
        _ = try queue.add(stored("text", text), .gzip)
        var useless = 0
        var last: [UInt8]?

        for _ in 0..<20 {
            switch queue.advance() {
            case .useless: useless += 1
            case .encoded(_, _, let body): last = body
            case nil: break
            }
        }

        #expect(useless == 2)
        #expect(try Decoding.gzip(#require(last)) == text)
    }

    @Test func noMoreThanEightWait() throws {
        let entry = try stored("q", [UInt8](repeating: 0x61, count: 5_000))
        var queue = CompressionQueue(CompressionPolicy())

        var taken: [Bool] = []
        for _ in 0..<9 { taken.append(queue.add(entry, .gzip)) }

        #expect(taken == Array(repeating: true, count: 8) + [false])
    }
}
