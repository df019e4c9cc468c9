import Foundation
import HTTPModel
import Testing

@testable import GatewayCore

/// Every answer of the gateway is one that a correct origin gave at a moment within the allowed staleness,
/// and never older than own last writes, whatever was asked, written and broken before.
///
/// `KAYLE_GATEWAY_MODEL_STEPS` says how many steps, `KAYLE_GATEWAY_PROPERTY_SEED` which ones.
@Suite(.timeLimit(.minutes(60)))
struct CacheModelTests {
    static func number(_ name: String, default: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? `default`
    }

    @Test(arguments: [CacheModelConfiguration.Pages.on, .widen])
    func everyAnswerIsOneThatTheOriginGaveAtAnAllowedMoment(pages: CacheModelConfiguration.Pages) throws {
        let seed = Self.number("KAYLE_GATEWAY_PROPERTY_SEED", default: UInt64(WallClock.nowSeconds()))
        let steps = Int(Self.number("KAYLE_GATEWAY_MODEL_STEPS", default: 2_500))
        var world = try CacheModelWorld(seed: seed, pages: pages)

        while world.tally.steps < steps, world.findings.isEmpty { world.step() }
        world.finish()

        let tally = world.tally
        FileHandle.standardError.write(
            Data("cache model: pages \(pages.rawValue), seed \(seed), \(tally)\n".utf8))
        #expect(world.findings.isEmpty, "seed \(seed): \(world.findings.prefix(3).joined(separator: "\n"))")
        // A run that compared nothing proves nothing.
        for word in ["hit", "page-slice", "fwd=uri-miss", "fwd=stale"] {
            #expect(tally.words[word, default: 0] > steps / 100, "seed \(seed): \(word) in \(tally)")
        }
        // These are rare.
        for word in ["collapsed", "swr", "sie"] where steps >= 20_000 {
            #expect(tally.words[word, default: 0] > steps / 5_000, "seed \(seed): \(word) in \(tally)")
        }
        #expect(tally.confirmed > steps / 200)
        #expect(world.corridor.repeatedRequestCount > steps / 200, "seed \(seed)")
        // How long a circuit stays open, and so how many are held back, is another thing.
        #expect(tally.failures - tally.heldBack < steps / 20)
    }
}
