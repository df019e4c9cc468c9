import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// How many of the same requests reach the origin with each way of reading pages off each other.
///
/// `bench/origin` runs it with more requests: `KAYLE_GATEWAY_ORIGIN_REQUESTS`, `KAYLE_GATEWAY_PROPERTY_SEED`.
@Suite(.timeLimit(.minutes(10)))
struct OriginRequestTests {
    @Test func theOriginIsAskedLessOftenTheMoreIsReadOffPages() throws {
        let seed = CacheModelTests.number("KAYLE_GATEWAY_PROPERTY_SEED", default: 20_261_125)
        let count = Int(CacheModelTests.number("KAYLE_GATEWAY_ORIGIN_REQUESTS", default: 600))
        var asked: [CacheModelConfiguration.Pages: Int] = [:]

        for pages in CacheModelConfiguration.Pages.allCases {
            asked[pages] = try Self.requestsAtOrigin(pages, of: count, seed: seed)
        }

        for pages in CacheModelConfiguration.Pages.allCases {
            let requests = asked[pages] ?? 0
            let share = Double(requests * 1_000 / count) / 10
            FileHandle.standardError.write(
                Data(
                    "origin: pages \(pages.rawValue): \(requests) of \(count) (\(share) %), seed \(seed)\n"
                        .utf8)
            )
        }
        #expect(asked[.on, default: 0] < asked[.off, default: 0])
        #expect(asked[.widen, default: 0] < asked[.on, default: 0])
    }

    /// Sends the mix of a seed, one request after the other, and counts what the origin was asked.
    private static func requestsAtOrigin(
        _ pages: CacheModelConfiguration.Pages, of count: Int, seed: UInt64
    ) throws -> Int {
        var stage = StandInConfiguration(
            seed: seed, organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 120)])
        stage.rowSize = .small
        stage.referenceUnixSeconds = Corridor.wallStart
        stage.now = { Corridor.wallStart * 1_000_000 }
        let standIn = try KayleStandIn.launch(stage)
        let corridor = try Corridor(
            try CacheModelConfiguration.read(pages: pages, cacheMemory: "64MiB"),
            upstream: UpstreamClientConfiguration(url: standIn.url), tenants: [("acme", nil)], workers: 1)
        var mix = QueryMix(seed: seed)
        mix.learn(from: standIn, key: "kk_acme")
        var dice = QuerySpeller(seed: seed &+ 1)
        for _ in 0..<count {
            if dice.number(below: 50) == 0 {
                try corridor.ask("POST", "/v1/sessions/\(mix.id())/cancel", tenant: "acme")
            }
            try corridor.ask("GET", mix.question().spelled, tenant: "acme")
            corridor.advance(by: .milliseconds(dice.number(below: 100)))
        }
        return standIn.control.requestCount(.listSessions) + standIn.control.requestCount(.getSession)
    }
}

extension Corridor {
    struct Stuck: Error {}

    /// Sends a request and waits for its answer; fetches that others asked for end as well.
    @discardableResult
    func ask(_ method: String, _ target: String, tenant: String) throws -> RawConnection.Answer {
        let ask = begin(method, target, tenant: tenant, worker: 0)
        var idle = 0
        while ask.answer == nil || busyCount > 0 {
            idle = turn(waitMilliseconds: 5) ? 0 : idle + 1
            if idle > 2_000 { throw Stuck() }
        }
        guard let answer = ask.answer else { throw Stuck() }
        return answer
    }
}
