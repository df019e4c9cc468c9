import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// How often the upstream is asked for the same mix of questions: without pages out of pages, with them, and
/// with larger pages than are asked for. The three figures are printed; bench/README.md has them.
@Suite(.timeLimit(.minutes(5)))
struct OriginRequestsTests {
    private static let list = "/v1/sessions"
    private static let seed: UInt64 = 20_261_125

    /// The Kayle list as it is, but for what a page means.
    private static let plainModel = """
        { "parameters": [
            { "name": "status", "kind": "choice",
              "values": ["created", "in_progress", "completed", "succeeded", "failed", "expired", "cancelled"] },
            { "name": "limit", "kind": "integer", "minimum": 1, "maximum": 100, "default": 10 },
            { "name": "starting_after", "kind": "cursor", "prefixes": ["vs_", "vs_live_", "vs_test_"],
              "alphabet": "abcdefghijklmnopqrstuvwxyz0123456789", "length": 64 },
            { "name": "include_attempts", "kind": "flag" } ],
          "page_size": "limit" }
        """

    private func standIn() throws -> RunningStandIn {
        try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 400)]))
    }

    private func gateway(
        _ standIn: RunningStandIn, model: String?, list: String, read: String
    ) throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.tenants = ["acme": "kk_acme"]
        if let model { options.listQuery = model }
        // The time to live stands in quotes; what is closed here is opened again behind it.
        options.cacheTimeToLive = "1h\", \"jitter_percent\": 0, \(list) \"by\": \"tenant"
        options.extraRoutes = """
            , { "name": "sessions.read", "method": "GET", "path": "/v1/sessions/{id}", "scope": "sessions:read",
                "cache": { "ttl": "1h"\(read) } }
            """
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    /// Clients one after the other: most walk some pages of a list with a page size and filters of their own,
    /// some look at a session they have just seen. All of it follows from the seed and the answers.
    private func play(_ gateway: GatewayUnderTest, _ standIn: RunningStandIn) throws -> (Int, wrong: [String])
    {
        var generator = SeededChoices(seed: Self.seed)
        let client = try RawConnection(port: gateway.port)
        var (asked, wrong): (Int, [String]) = (0, [])
        func ask(_ target: String) -> RawConnection.Answer {
            asked += 1
            client.send(gateway.request("GET", target))
            let answer = client.answer()
            if answer.body != standIn.truth(target, key: "kk_acme").body { wrong.append(target) }
            return answer
        }
        for _ in 0..<250 {
            let limit = [5, 10, 10, 10, 20, 25, 50, 100][generator.next(8)]
            var query = "?limit=\(limit)"
            switch generator.next(10) {
            case 0..<2: query += "&status=" + ["created", "completed", "expired"][generator.next(3)]
            case 2..<3: query += "&include_attempts=true"
            default: break
            }
            var target = Self.list + query
            for _ in 0...generator.next(8) {
                let page = ask(target).text
                if generator.next(4) == 0, let id = page.firstMatch(of: #/"id":"(vs_[a-z0-9]+)"/#)?.1 {
                    _ = ask("\(Self.list)/\(id)")
                }
                guard let cursor = page.firstMatch(of: #/"next_cursor":"(vs_[a-z0-9]+)"/#)?.1 else { break }
                target = "\(Self.list)\(query)&starting_after=\(cursor)"
            }
        }
        return (asked, wrong)
    }

    @Test func pagesOutOfPagesAndLargerPagesSpareTheUpstream() throws {
        var counts: [Int] = []
        for (name, model, list, read) in [
            ("off", Self.plainModel, "", ""), ("on", nil, "", #", "row_of": "sessions.list""#),
            ("widen", nil, #""widen": 100,"#, #", "row_of": "sessions.list""#),
        ] as [(String, String?, String, String)] {
            let standIn = try standIn()
            let gateway = try gateway(standIn, model: model, list: list, read: read)

            let (asked, wrong) = try play(gateway, standIn)

            counts.append(standIn.control.requestCount)
            print(
                "page derivation \(name): \(standIn.control.requestCount) of \(asked) requests reached the upstream"
            )
            #expect(wrong.isEmpty, "\(name)")
        }

        #expect(counts[1] * 3 < counts[0] * 2)
        #expect(counts[2] * 2 < counts[1])
    }
}

/// A small random generator (SplitMix64).
private struct SeededChoices {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((word ^ (word >> 31)) % UInt64(bound))
    }
}
