import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// A 429 of the upstream: nothing more is sent with that credential before its time.
@Suite(.timeLimit(.minutes(2)))
struct UpstreamPauseTests {
    private let standIn: RunningStandIn
    private static let list = "/v1/sessions"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [
                .init(name: "acme", keys: ["kk_acme"], sessionCount: 30),
                .init(name: "globex", keys: ["kk_globex"], sessionCount: 30),
            ]))
    }

    private func gateway(cache: String = "", upstream: String = "") throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        // The time to live stands in quotes; what is closed here is opened again behind it.
        options.cacheTimeToLive = "100ms\", \"jitter_percent\": 0, \(cache) \"by\": \"tenant"
        options.upstream = upstream
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    private func refuseOnce(_ retryAfter: String?, method: String? = nil) {
        let fields = retryAfter.map { [("Retry-After", $0)] } ?? []
        standIn.control.inject(
            Fault(.answer(status: 429, fields: fields, body: Array("slow".utf8)), method: method, times: 1))
    }

    @Test func theAnswerIsPassedOnAndNothingIsSentAfterIt() throws {
        let gateway = try gateway()
        refuseOnce("50")

        let first = try gateway.ask("GET", Self.list)
        let refused = try [
            gateway.ask("GET", Self.list), gateway.ask("GET", "/v1/events"),
            gateway.ask("POST", Self.list), gateway.ask("GET", "/v1/sessions?limit=0x0A"),
        ]
        let other = try gateway.ask("GET", Self.list, tenant: "globex")

        #expect(first.status == 429 && first.text == "slow")
        #expect(first.value("Retry-After") == "50")
        for answer in refused {
            #expect(answer.status == 429)
            #expect(answer.text.contains(#""code":"RATE_LIMITED""#))
            #expect(answer.value("Retry-After").flatMap { Int($0) }.map { (1...50).contains($0) } == true)
            #expect(answer.value("Cache-Status") == nil)
        }
        #expect(other.status == 200)
        #expect(standIn.control.requestCount == 2)
        #expect(try gateway.metric("kayle_gateway_upstream_pauses_total", #"tenant="acme""#) == 1)
        #expect(
            try gateway.metric("kayle_gateway_refusals_total", #"reason="upstream_rate_limited""#) == 4)
        let status = try gateway.askAdmin("GET", "/status")
        let document = try JSONSerialization.jsonObject(with: Data(status.body)) as? [String: Any]
        let tenants = document?["tenants"] as? [[String: Any]] ?? []
        let pauses = tenants.map { ($0["id"] as? String ?? "", $0["upstream_pause_seconds"] as? Int ?? -1) }
        let byTenant = Dictionary(uniqueKeysWithValues: pauses)
        #expect((1...50).contains(byTenant["acme"] ?? 0) && byTenant["globex"] == 0)
    }

    @Test func itEndsAfterItsTimeAndNeverLastsLongerThanIsAllowed() throws {
        let gateway = try gateway(upstream: #", "retry_after_maximum": "1s""#)
        refuseOnce("3600")

        #expect(try gateway.ask("GET", Self.list).status == 429)
        #expect(try gateway.ask("GET", Self.list).value("Retry-After") == "1")
        #expect(try eventually { try gateway.ask("GET", Self.list).status == 200 })
    }

    @Test func aDateIsUnderstood() throws {
        let gateway = try gateway()
        let date = HTTPDate(unixSeconds: WallClock.nowSeconds() + 40).bytes
        refuseOnce(String(decoding: date, as: UTF8.self))

        _ = try gateway.ask("GET", Self.list)

        #expect(try gateway.ask("GET", Self.list).status == 429)
        #expect(standIn.control.requestCount == 1)
    }

    @Test(
        arguments: [
            ("no notice is taken", "5", "GET", #", "retry_after_maximum": "0s""#),
            ("a write is refused for a reason of its own", nil, "POST", ""),
        ] as [(String, String?, String, String)])
    func whatSaysNothingAboutOtherRequestsStopsNone(
        name: String, retryAfter: String?, method: String, upstream: String
    ) throws {
        let gateway = try gateway(upstream: upstream)
        refuseOnce(retryAfter)

        #expect(try gateway.ask(method, Self.list).status == 429)

        #expect(try gateway.ask("GET", Self.list).status == 200)
    }

    @Test func freshPagesAnswerMeanwhileAndAWriteThatIsNotSentEndsNone() throws {
        var options = GatewayUnderTest.Options()
        options.cacheTimeToLive = "1h"
        let gateway = try GatewayUnderTest(upstream: standIn.url, options)
        _ = try gateway.ask("GET", Self.list)
        refuseOnce("50")
        #expect(try gateway.ask("GET", "/v1/events").status == 429)

        #expect(try gateway.ask("POST", Self.list).status == 429)
        let answer = try gateway.ask("GET", "/v1/sessions?limit=5")

        #expect(answer.status == 200)
        #expect(answer.value("Cache-Status")?.contains("detail=page-slice") == true)
        #expect(standIn.control.requestCount == 2)
    }

    @Test func stalePagesAnswerMeanwhileWhereTheRouteAllowsIt() throws {
        let gateway = try gateway(cache: #""stale_if_error": "1h","#)
        let first = try gateway.ask("GET", Self.list)
        refuseOnce("50")

        var stale: [String] = []
        let isHeld = try eventually {
            let answer = try gateway.ask("GET", Self.list)
            #expect(answer.status == 200 && answer.body == first.body)
            let status = answer.value("Cache-Status") ?? ""
            if status.contains("fwd=stale") { stale.append(status) }
            return stale.count == 3
        }

        #expect(isHeld)
        #expect(
            stale == [
                "kayle-gateway; fwd=stale; fwd-status=429; detail=sie",
                "kayle-gateway; fwd=stale; detail=sie",
                "kayle-gateway; fwd=stale; detail=sie",
            ])
        #expect(standIn.control.requestCount == 2)
    }

    @Test func noRefreshIsBegunMeanwhile() throws {
        let gateway = try gateway(cache: #""stale_while_revalidate": "1h","#)
        _ = try gateway.ask("GET", Self.list)
        refuseOnce("50")
        #expect(try gateway.ask("GET", "/v1/events").status == 429)

        var given = 0
        #expect(
            try eventually {
                let status = try gateway.ask("GET", Self.list).value("Cache-Status") ?? ""
                if status.hasSuffix("detail=swr") { given += 1 }
                return given == 3
            })

        #expect(try gateway.metric("kayle_gateway_cache_refreshes_total") == 0)
        #expect(standIn.control.requestCount == 2)
    }
}
