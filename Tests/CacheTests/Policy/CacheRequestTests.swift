import HTTPModel
import Testing

@testable import Cache

struct CacheRequestTests {
    @Test func getAndHeadAreLookedUp() {
        #expect(request(.get).isLookedUp)
        #expect(request(.head).isLookedUp)
        #expect(!request(.post).isLookedUp)
        #expect(!request(.query).isLookedUp)
    }

    @Test(arguments: [
        (["Origin: null"], CacheBypass.originField), (["oRiGiN: https://a"], .originField),
        (["Range: bytes=0-"], .range),
    ])
    func someFieldsKeepTheCacheOut(lines: [String], bypass: CacheBypass) {
        let facts = request(.get, lines)

        #expect(facts.bypass == bypass)
        #expect(!facts.isLookedUp)
    }

    @Test func contentKeepsTheCacheOutAndAnEmptyOneDoesNot() {
        #expect(request(.get, framing: .length(1)).bypass == .content)
        #expect(request(.get, framing: .chunked).bypass == .content)
        #expect(request(.get, framing: .length(0)).bypass == nil)
    }

    @Test func aReloadKeyIsNoWayPastTheCache() {
        let facts = request(
            .get, ["Cache-Control: no-cache", "Pragma: no-cache", "Cache-Control: max-age=0"])

        #expect(facts.isLookedUp)
        #expect(!facts.forbidsStoring)
    }

    @Test func noStoreForbidsStoringOnly() {
        let facts = request(.get, ["Cache-Control: no-store"])

        #expect(facts.isLookedUp)
        #expect(facts.forbidsStoring)
    }
}
