import Foundation
import HTTPModel
import KayleStandIn
import Locking
import Testing

@testable import GatewayCore

/// Random traffic of three tenants against the one promise: nobody ever sees a byte of somebody else.
///
/// `KAYLE_GATEWAY_PROPERTY_REQUESTS` says how many requests, `KAYLE_GATEWAY_PROPERTY_SEED` which ones.
@Suite(.timeLimit(.minutes(30)))
struct TenantIsolationTests {
    private static func number(_ name: String, default: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? `default`
    }

    @Test func noTenantEverSeesAnothersBytesAndEveryPageIsTrue() throws {
        let seed = Self.number("KAYLE_GATEWAY_PROPERTY_SEED", default: UInt64(WallClock.nowSeconds()))
        let requestCount = Int(Self.number("KAYLE_GATEWAY_PROPERTY_REQUESTS", default: 6_000))
        let world = try IsolationWorld(seed: seed)
        let threadCount = 6

        Crowd.run(threadCount) { number in
            var client = IsolationClient(world, seed: seed &+ UInt64(number) &* 0x9E37_79B9)
            client.run(requestCount / threadCount)
        }
        world.checkEnd()

        let tally = world.tally
        FileHandle.standardError.write(Data("isolation: seed \(seed), \(tally)\n".utf8))
        #expect(world.findings.isEmpty, "seed \(seed): \(world.findings.prefix(10).joined(separator: "\n"))")
        // A run that compared nothing proves nothing.
        #expect(tally.comparedPages > requestCount / 20)
        #expect(tally.hits > requestCount / 100)
        let repeated = try world.gateway.metric("kayle_gateway_requests_repeated_total")
        #expect(repeated > Double(requestCount / 200))
        #expect(tally.broken < requestCount / 4)
    }
}

/// What happened in a run.
struct IsolationTally: Sendable, CustomStringConvertible {
    var requests = 0
    var pages = 0
    var comparedPages = 0
    var hits = 0
    var collapsed = 0
    var writes = 0
    var refusals = 0
    var broken = 0

    var description: String {
        "\(requests) requests: \(pages) pages, \(comparedPages) compared byte by byte, \(hits) hits, "
            + "\(collapsed) collapsed, \(writes) writes, \(refusals) refused, \(broken) broken off"
    }

    static func += (sum: inout IsolationTally, other: IsolationTally) {
        sum.requests += other.requests
        sum.pages += other.pages
        sum.comparedPages += other.comparedPages
        sum.hits += other.hits
        sum.collapsed += other.collapsed
        sum.writes += other.writes
        sum.refusals += other.refusals
        sum.broken += other.broken
    }
}

/// Stand-in, gateway and what the clients have found out together.
final class IsolationWorld: Sendable {
    static let tenants = ["acme", "globex", "initech"]
    let standIn: RunningStandIn
    let gateway: GatewayUnderTest
    /// The rows each tenant begins with, ascending.
    let seededIDs: [[String]]
    /// By tenant: how many writes have begun, how many are answered.
    private let writes: Lock<[(begun: Int, ended: Int)]>
    private let found = Lock<(findings: [String], tally: IsolationTally, seen: [Set<String>])>(
        ([], IsolationTally(), [[], [], []]))

    init(seed: UInt64) throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(
                seed: seed,
                organizations: Self.tenants.map { .init(name: $0, keys: ["kk_\($0)"], sessionCount: 40) }))
        var options = GatewayUnderTest.Options()
        options.tenants = Dictionary(uniqueKeysWithValues: Self.tenants.map { ($0, "kk_\($0)") })
        // Short, so that entries die under the clients' eyes; small, so that they are put out for others.
        options.cacheTimeToLive = "100ms"
        options.cacheMemory = "1MiB"
        options.cache = #", "maximum_entry": "256KiB""#
        // So many faults open a circuit now and then, and six clients would be refused a quarter of a million
        // times before it closes.
        options.upstream = #", "circuit": { "failures": 0 }"#
        gateway = try GatewayUnderTest(upstream: standIn.url, options)
        writes = Lock(Self.tenants.map { _ in (0, 0) })
        let standIn = standIn
        seededIDs = Self.tenants.map { Self.allIDs(standIn, $0) }
    }

    var findings: [String] { found.withLock { $0.findings } }
    var tally: IsolationTally { found.withLock { $0.tally } }

    func report(_ finding: String) { found.withLock { $0.findings.append(finding) } }

    func take(_ tally: IsolationTally, seen: [Set<String>]) {
        found.withLock { found in
            found.tally += tally
            for tenant in seen.indices { found.seen[tenant].formUnion(seen[tenant]) }
        }
    }

    func beginWrite(_ tenant: Int) { writes.withLock { $0[tenant].begun += 1 } }
    func endWrite(_ tenant: Int) { writes.withLock { $0[tenant].ended += 1 } }

    /// How many writes there have been, if none is under way.
    func quietMark(_ tenant: Int) -> Int? {
        writes.withLock { $0[tenant].begun == $0[tenant].ended ? $0[tenant].begun : nil }
    }

    /// Rows are never deleted: what a tenant has seen must be among its rows at the end, and nobody else's.
    func checkEnd() {
        let owned = Self.tenants.map { Set(Self.allIDs(standIn, $0)) }
        let seen = found.withLock { $0.seen }
        for tenant in owned.indices {
            for id in seen[tenant].subtracting(owned[tenant]) {
                report("\(Self.tenants[tenant]) saw \(id), which is not one of its rows")
            }
            for other in owned.indices where other != tenant && !owned[tenant].isDisjoint(with: owned[other])
            {
                report("the stand-in gave two tenants one row: the test proves nothing")
            }
        }
        if !standIn.control.alarms.isEmpty { report("a gateway token reached the upstream") }
        let keys = Set(Self.tenants.map { ["Bearer kk_\($0)"] })
        for request in standIn.control.requests where !keys.contains(request.values("Authorization")) {
            report("the upstream was sent \(request.values("Authorization"))")
        }
    }

    private static func allIDs(_ standIn: RunningStandIn, _ tenant: String) -> [String] {
        var ids: [String] = []
        while true {
            let cursor = ids.last.map { "&starting_after=\($0)" } ?? ""
            let page = standIn.truth("/v1/sessions?limit=100\(cursor)", key: "kk_\(tenant)").body
            let next = sessionIDs(in: page).filter { $0 > ids.last ?? "" }
            if next.isEmpty { return ids }
            var isNew = Set<String>()
            ids += next.filter { isNew.insert($0).inserted }
        }
    }

    /// Every `vs_…` of 64 characters in some bytes, wherever it stands.
    static func sessionIDs(in bytes: [UInt8]) -> [String] {
        var ids: [String] = []
        var index = 0
        while index + 67 <= bytes.count {
            if bytes[index] == 0x76, bytes[index + 1] == 0x73, bytes[index + 2] == 0x5F {
                ids.append(String(decoding: bytes[index..<(index + 67)], as: UTF8.self))
                index += 67
            } else {
                index += 1
            }
        }
        return ids
    }
}
