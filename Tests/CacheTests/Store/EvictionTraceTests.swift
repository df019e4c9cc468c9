import HTTPModel
import Testing

@testable import Cache

/// Hit ratios on seeded traces, beside those of least-recently-used with the same memory; both are printed.
@Suite(.serialized)
struct EvictionTraceTests {
    private static let memoryBytes = 512 << 10
    private static let bodyBytes = 2_000

    /// Who asks for what next.
    private typealias Trace = @Sendable (inout SeededGenerator, _ step: Int) -> (tenant: Int, query: String)

    /// A key of a few hundred, few of which are asked for most of the time.
    private static func skewed(_ generator: inout SeededGenerator) -> String {
        let (a, b) = (Int.random(in: 0..<600, using: &generator), Int.random(in: 0..<600, using: &generator))
        return "key\(a * b / 600)"
    }

    /// By name; the least by which the hit ratio is to exceed that of least-recently-used, in percent.
    private static let traces: [(name: String, advantage: Double, next: Trace)] = [
        ("skewed", 0, { generator, _ in (0, skewed(&generator)) }),
        (
            "skewed beside a walk of its own", 5,
            { generator, step in
                Int.random(in: 0..<3, using: &generator) == 0 ? (0, "walk\(step)") : (0, skewed(&generator))
            }
        ),
        (
            "skewed beside the walk of another tenant", 5,
            { generator, step in
                Int.random(in: 0..<2, using: &generator) == 0 ? (1, "walk\(step)") : (0, skewed(&generator))
            }
        ),
        (
            "pages that are read twice and never again", -1,
            { generator, step in
                Int.random(in: 0..<2, using: &generator) == 0
                    ? (0, "once\(step / 8)") : (0, skewed(&generator))
            }
        ),
        ("a round through more than fits", 0, { _, step in (0, "round\(step % 400)") }),
    ]

    @Test(arguments: 0..<traces.count, [31, 32] as [UInt64])
    func itHitsAtLeastAsOftenAsLeastRecentlyUsed(index: Int, seed: UInt64) {
        let trace = Self.traces[index]
        var generator = SeededGenerator(seed: seed)
        let cache = smallCache(memoryBytes: Self.memoryBytes)
        let partitions = (0..<2).map { cache.partition(tenant: "t\($0)", credential: 1) }
        // What an answer takes with its share of the tables.
        var recent = RecencyModel(capacity: Self.memoryBytes / (Self.bodyBytes + 600))
        let steps = 20_000
        var (hits, recencyHits) = (0, 0)

        for step in 0..<steps {
            let (tenant, query) = trace.next(&generator, step)
            if recent.ask("\(tenant)/\(query)") { recencyHits += 1 }
            if cache.lookUp(partitions[tenant], query).freshEntry != nil {
                hits += 1
            } else {
                cache.fill(partitions[tenant], query, body: [UInt8](repeating: 7, count: Self.bodyBytes))
            }
        }

        let (ours, theirs) = (Self.percent(hits, of: steps), Self.percent(recencyHits, of: steps))
        print("trace \"\(trace.name)\", seed \(seed): S3-FIFO \(ours) %, LRU \(theirs) % of \(steps)")
        #expect(ours >= theirs + trace.advantage, "\(trace.name), seed \(seed)")
        cache.checkInvariants()
    }

    @Test(arguments: [41, 42, 43] as [UInt64])
    func aWalkOfOneTenantLeavesTheWorkingSetOfAnother(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let cache = smallCache(memoryBytes: Self.memoryBytes)
        let (quiet, loud) = (
            cache.partition(tenant: "quiet", credential: 1), cache.partition(tenant: "loud", credential: 1)
        )
        let body = [UInt8](repeating: 7, count: Self.bodyBytes)
        for _ in 0..<3 {
            for key in 0..<60 where cache.lookUp(quiet, "hot\(key)").freshEntry == nil {
                cache.fill(quiet, "hot\(key)", body: body)
            }
        }
        var missed = 0

        for step in 0..<10_000 {
            // The walk goes on for ever, and some of it is hot as well.
            cache.fill(loud, "walk\(step)", body: body)
            for _ in 0..<Int.random(in: 0..<4, using: &generator) { _ = cache.lookUp(loud, "walk\(step)") }
            if Int.random(in: 0..<20, using: &generator) == 0 {
                let key = Int.random(in: 0..<60, using: &generator)
                if cache.lookUp(quiet, "hot\(key)").freshEntry == nil { missed += 1 }
            }
        }

        #expect(missed == 0, "seed \(seed)")
        cache.checkInvariants()
    }

    private static func percent(_ part: Int, of whole: Int) -> Double {
        (Double(part) * 1_000 / Double(whole)).rounded() / 10
    }
}
