import HTTPModel
import KayleStandIn
import Locking
import Testing

@testable import GatewayCore

/// A tenant's upstream token is changed at the upstream's side, and nobody notices.
@Suite(.timeLimit(.minutes(2)))
struct UpstreamCredentialTests {
    private static let metric = "kayle_gateway_upstream_credential_takeovers_total"

    /// A gateway whose tenant has these two tokens, before an upstream that knows `keys`.
    private func gateway(
        first: String, next: String?, keys: [String],
        _ adjust: (inout GatewayUnderTest.Options) -> Void = { _ in }
    ) throws -> (GatewayUnderTest, RunningStandIn) {
        let standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: keys, sessionCount: 20)]))
        var options = GatewayUnderTest.Options()
        options.tenants = ["acme": first]
        options.nextKeys = next.map { ["acme": $0] } ?? [:]
        adjust(&options)
        return (try GatewayUnderTest(upstream: standIn.url, options), standIn)
    }

    private func keys(_ standIn: RunningStandIn) -> [String] {
        standIn.control.requests.compactMap {
            $0.values("Authorization").first.map { String($0.dropFirst(7)) }
        }
    }

    @Test func theSecondTakesOverWhenTheFirstIsRefused() throws {
        let (gateway, standIn) = try gateway(first: "kk_old", next: "kk_new", keys: ["kk_new"])

        let answer = try gateway.ask("GET", "/v1/sessions")

        #expect(answer.status == 200)
        #expect(keys(standIn) == ["kk_old", "kk_new"])
        #expect(try eventually { try gateway.metric(Self.metric, "acme") == 1 })
        let later = try gateway.ask("GET", "/v1/sessions?limit=3")
        #expect(later.status == 200)
        #expect(keys(standIn) == ["kk_old", "kk_new", "kk_new"])
        #expect(try gateway.askAdmin("GET", "/status").text.contains(#""uses_upstream_token_next": true"#))
    }

    @Test func whatPassesThroughIsRepeatedToo() throws {
        let (gateway, standIn) = try gateway(first: "kk_old", next: "kk_new", keys: ["kk_new"])

        let answer = try gateway.ask("GET", "/v1/sessions/vs_unknown")

        #expect(answer.status == 404)
        #expect(keys(standIn) == ["kk_old", "kk_new"])
    }

    @Test func theClientSeesTheSecondAnswerWhateverItIs() throws {
        let (gateway, standIn) = try gateway(first: "kk_old", next: "kk_new", keys: ["kk_other"])

        let answers = try (0..<3).map { _ in try gateway.ask("GET", "/v1/sessions") }

        #expect(answers.allSatisfy { $0.status == 401 })
        #expect(answers[0].value("WWW-Authenticate") != "Bearer", "the upstream's answer, not ours")
        #expect(keys(standIn).count == 6)
        #expect(try gateway.metric(Self.metric) == 0)
    }

    @Test func contentIsNotSentTwiceAndTheNextRequestIsSentWithTheSecond() throws {
        let (gateway, standIn) = try gateway(first: "kk_old", next: "kk_new", keys: ["kk_new"])

        let refused = try gateway.ask("POST", "/v1/sessions", body: "{}")
        #expect(try eventually { try gateway.metric(Self.metric, "acme") == 1 })
        let accepted = try gateway.ask("POST", "/v1/sessions", body: "{}")

        #expect(refused.status == 401)
        #expect(accepted.status != 401)
        #expect(keys(standIn) == ["kk_old", "kk_new"])
    }

    @Test func withoutASecondTheRefusalIsTheClients() throws {
        let (gateway, standIn) = try gateway(first: "kk_old", next: nil, keys: ["kk_new"])

        #expect(try gateway.ask("GET", "/v1/sessions").status == 401)
        #expect(keys(standIn) == ["kk_old"])
    }

    @Test func manyAtOnceAreAllAnswered() throws {
        let (gateway, _) = try gateway(first: "kk_old", next: "kk_new", keys: ["kk_new"])
        let targets = (0..<40).map { "/v1/sessions?limit=\($0 % 4 + 1)" }
        let statuses = Lock<[Int?]>([])

        Crowd.run(40) { number in
            let status = try? gateway.ask("GET", targets[number]).status
            statuses.withLock { $0.append(status) }
        }

        #expect(statuses.withLock { $0 } == [Int?](repeating: 200, count: 40))
        #expect(try eventually { try gateway.metric(Self.metric, "acme") == 1 })
    }

    @Test(arguments: [401, 403, 410])
    func anAnswerThatTakesRightsAwayEmptiesTheTenantsCache(status: Int) throws {
        let (gateway, standIn) = try gateway(first: "kk_acme", next: nil, keys: ["kk_acme"])
        #expect(try gateway.ask("GET", "/v1/sessions").status == 200)
        #expect(try gateway.ask("GET", "/v1/sessions").value("Age") != nil)

        standIn.control.inject(
            Fault(.answer(status: status, fields: [], body: []), path: "/v1/events", times: 1))
        #expect(try gateway.ask("GET", "/v1/events").status == status)
        let answer = try gateway.ask("GET", "/v1/sessions")

        #expect(answer.value("Cache-Status")?.contains("hit") == false)
        #expect(standIn.control.requestCount == 3)
    }

    @Test func thePromotedTokenKeepsItsPartOfTheCache() throws {
        let (gateway, standIn) = try gateway(first: "kk_old", next: "kk_new", keys: ["kk_new"])
        #expect(try gateway.ask("GET", "/v1/sessions").status == 200)
        #expect(try eventually { try gateway.metric(Self.metric, "acme") == 1 })
        #expect(try gateway.ask("GET", "/v1/sessions").status == 200)
        let count = standIn.control.requestCount
        var change = TenantChange()
        change.nextUpstreamToken = .promoted

        try gateway.editor().changeTenant("acme", change)
        let isRead = try eventually {
            try gateway.askAdmin("GET", "/status").text.contains(#""uses_upstream_token_next": false"#)
        }

        #expect(isRead)
        #expect(try gateway.ask("GET", "/v1/sessions").value("Cache-Status")?.contains("hit") == true)
        #expect(standIn.control.requestCount == count)
    }
}
