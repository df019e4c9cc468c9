import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// Limits as clients and operators meet them.
@Suite(.timeLimit(.minutes(2)))
struct LimitEndToEndTests {
    private let standIn: RunningStandIn

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [
                .init(name: "acme", keys: ["kk_acme"]), .init(name: "globex", keys: ["kk_globex"]),
            ]))
    }

    private func gateway(_ change: (inout GatewayUnderTest.Options) -> Void) throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        change(&options)
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    /// What an answer says is left of a limit.
    private func left(_ name: String, _ answer: RawConnection.Answer) -> Int? {
        (answer.value("RateLimit") ?? "").matches(of: /"([a-z]+)";r=([0-9]+)/)
            .first { $0.1 == name }.flatMap { Int($0.2) }
    }

    @Test func aHitAMissAndAWriteCostWhatTheRouteSays() throws {
        let gateway = try gateway { options in
            options.planLimits =
                #", { "name": "cost", "by": ["tenant"], "requests": 10, "per": "10h", "burst": 10 }"#
            options.listRoute = #", "cost": { "hit": 0, "miss": 3 }"#
            options.extraRoutes =
                #", { "name": "create", "method": "POST", "path": "/v1/sessions", "cost": { "write": 5 } }"#
        }

        let miss = try gateway.ask("GET", "/v1/sessions?limit=3")
        let hits = try (0..<20).map { _ in try gateway.ask("GET", "/v1/sessions?limit=3") }
        let slice = try gateway.ask("GET", "/v1/sessions?limit=2")
        let opaque = try gateway.ask("GET", "/v1/sessions?limit=0x2")
        let write = try gateway.ask("POST", "/v1/sessions", body: "")
        let before = standIn.control.requestCount
        let refused = try gateway.ask("GET", "/v1/sessions?limit=4")

        #expect(left("cost", miss) == 7)
        #expect(hits.allSatisfy { $0.status == 200 && left("cost", $0) == 7 })
        #expect(left("cost", slice) == 7 && slice.value("Cache-Status")?.contains("page-slice") == true)
        #expect(left("cost", opaque) == 4)
        // Four are left, and a write costs five.
        #expect(write.status == 429 && left("cost", write) == 4)
        // Nothing was taken: of four, three are enough for another miss.
        #expect(refused.status == 200 && left("cost", refused) == 1)
        #expect(standIn.control.requestCount == before + 1)
        #expect(try gateway.ask("GET", "/v1/sessions?limit=5").status == 429)
        #expect(try gateway.ask("GET", "/v1/sessions?limit=3").status == 200)
    }

    @Test func aRefusedMissHasTakenNothingAndIsToldTheWaitForItsOwnPrice() throws {
        let gateway = try gateway { options in
            options.planLimits =
                #", { "name": "cost", "by": ["tenant"], "requests": 4, "per": "10h", "burst": 4 }"#
            options.listRoute = #", "cost": { "hit": 1, "miss": 3 }"#
        }
        _ = try gateway.ask("GET", "/v1/sessions?limit=3")

        let refused = try (0..<5).map { _ in try gateway.ask("GET", "/v1/sessions?limit=7") }
        let hit = try gateway.ask("GET", "/v1/sessions?limit=3")
        let late = try ["limit=3", "limit=7"].map { try gateway.ask("GET", "/v1/sessions?\($0)") }

        #expect(refused.allSatisfy { $0.status == 429 })
        #expect(hit.status == 200 && left("cost", hit) == 0)
        #expect(late.allSatisfy { $0.status == 429 })
        // A token takes two and a half hours; nothing is left for the hit, nor for the miss, which costs
        // three.
        let waits = late.map { Int($0.value("Retry-After") ?? "") ?? 0 }
        #expect((8_900...9_000).contains(waits[0]) && (26_900...27_000).contains(waits[1]), "\(waits)")
        #expect(standIn.control.requestCount == 1)
    }

    @Test func requestsThatWaitForTheUpstreamAreCountedAtOnceAndHitsAreNot() throws {
        let release = DispatchSemaphore(value: 0)
        let upstream = ScriptedUpstream { connection in
            while let head = connection.readHead() {
                if head.contains("/v1/slow") { release.wait() }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage")
            }
        }
        var options = GatewayUnderTest.Options()
        options.planLimits = #", { "name": "inflight", "by": ["tenant"], "concurrent": 2 }"#
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)
        let stored = try gateway.ask("GET", "/v1/sessions")
        let waiting = try (0..<2).map { _ in try RawConnection(port: gateway.port) }
        for client in waiting { gateway.begin(gateway.request("GET", "/v1/slow"), on: client) }

        let refused = try gateway.ask("GET", "/v1/other")
        let hit = try gateway.ask("GET", "/v1/sessions")
        let other = try gateway.ask("GET", "/v1/other", tenant: "globex")
        // A client that leaves gives its place back as well as one that is answered.
        waiting[0].reset()
        release.signal()
        release.signal()
        #expect(waiting[1].answer().status == 200)
        let isFree = try eventually { try gateway.ask("GET", "/v1/other").status == 200 }
        let idle = try gateway.ask("GET", "/v1/sessions")

        #expect(left("inflight", stored) == 1)
        #expect(refused.status == 429 && refused.value("Retry-After") == "1")
        #expect(hit.status == 200 && left("inflight", hit) == 0)
        #expect(other.status == 200)
        #expect(isFree)
        #expect(left("inflight", idle) == 2)
        #expect(idle.value("RateLimit-Policy")?.contains(#""inflight";q=2;qu="concurrent-requests""#) == true)
        upstream.stop()
    }

    @Test func aLimitInShadowRefusesNobodyAndIsSeenByTheOperatorAlone() throws {
        let gateway = try gateway { options in
            options.planLimits =
                #", { "name": "trial", "by": ["tenant"], "requests": 2, "per": "10h", "mode": "shadow" }"#
        }

        let answers = try (0..<5).map { _ in try gateway.ask("GET", "/v1/sessions") }

        #expect(answers.allSatisfy { $0.status == 200 && !$0.head.contains("trial") })
        #expect(try gateway.metric("kayle_gateway_rate_limit_shadowed_total", #"limit="trial""#) == 3)
        #expect(try gateway.metric("kayle_gateway_rate_limited_total") == 0)
        #expect(gateway.stop())
        let lines = try String(contentsOfFile: "\(gateway.folder)/access.log", encoding: .utf8)
            .split(separator: "\n")
        #expect(lines.count { $0.contains(#""limit":"trial""#) } == 3)
    }

    @Test func aClientThatTakesProblemDetailsGetsThemBesideTheEnvelope() throws {
        let gateway = try gateway { options in
            options.planLimits = """
                , { "name": "burst", "by": ["tenant"], "requests": 1, "per": "1h" }
                , { "name": "more", "by": ["token"], "requests": 1, "per": "2h" }
                """
        }
        _ = try gateway.ask("GET", "/v1/sessions")

        let problem = try gateway.ask(
            "GET", "/v1/sessions", fields: "Accept: text/html, Application/Problem+JSON; q=0.5\r\n")
        let plain = try ["", "Accept: */*\r\n", "Accept: application/problem+json;q=0\r\n"].map {
            try gateway.ask("GET", "/v1/sessions", fields: $0)
        }

        #expect(problem.status == 429)
        #expect(problem.value("Content-Type") == "application/problem+json")
        let body = try JSONSerialization.jsonObject(with: Data(problem.body)) as? [String: Any]
        #expect(
            body?["type"] as? String == "https://iana.org/assignments/http-problem-types#quota-exceeded")
        #expect(body?["status"] as? Int == 429)
        #expect(body?["violated-policies"] as? [String] == ["burst", "more"])
        #expect((body?["error"] as? [String: Any])?["code"] as? String == "RATE_LIMITED")
        #expect(plain.allSatisfy { $0.status == 429 && $0.value("Content-Type") == "application/json" })
        #expect(plain.allSatisfy { !$0.text.contains("violated-policies") })
    }

    @Test func theGenerationOfTheFieldsCanBeChosen() throws {
        let gateway = try gateway { $0.members = #", "limits": { "headers": "draft-06" }"# }

        let answer = try gateway.ask("GET", "/v1/sessions")

        #expect(answer.value("RateLimit-Limit") == "1000000, 1000000;w=1")
        #expect(answer.value("RateLimit-Remaining") == "999999")
        #expect(answer.value("RateLimit-Reset") == "1")
        #expect(answer.value("RateLimit") == nil)
    }

    @Test func waitingAsLongAsRetryAfterSaysIsEnough() throws {
        let gateway = try gateway { options in
            options.planLimits = #", { "name": "slow", "by": ["tenant"], "requests": 3, "per": "3s" }"#
        }
        var answers = try (0..<4).map { _ in try gateway.ask("GET", "/v1/sessions") }
        let refused = answers.removeLast()
        let seconds = try #require(refused.value("Retry-After").flatMap { Int($0) })

        MonotonicClock.sleep(.seconds(seconds))

        #expect(answers.allSatisfy { $0.status == 200 })
        #expect(refused.status == 429 && seconds == 1)
        #expect(try gateway.ask("GET", "/v1/sessions").status == 200)
    }

    @Test func aReloadWithAQuotaMoreCountsFromThenOn() throws {
        let gateway = try gateway { _ in }
        let path = "\(gateway.folder)/gateway.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing(
            #""burst": 1000000 }"#,
            with: #""burst": 1000000 }, { "name": "day", "by": ["tenant"], "requests": 2, "per": "day" }"#
        ).write(toFile: path, atomically: true, encoding: .utf8)

        gateway.reload()
        let isTaken = try eventually {
            try gateway.metric("kayle_gateway_reloads_total", #"result="configuration""#) == 1
        }
        let answers = try (0..<3).map { _ in try gateway.ask("GET", "/v1/sessions") }

        #expect(isTaken)
        #expect(answers.map(\.status) == [200, 200, 429])
        #expect(answers[0].value("RateLimit-Policy")?.contains(#""day";q=2;w=86400"#) == true)
        #expect(try gateway.metric("kayle_gateway_quota_buckets") == 1)
    }

    @Test func aGatewayThatIsShortRefusesReadsOfTheGreedyFirstAndTakesNothingForIt() throws {
        let release = DispatchSemaphore(value: 0)
        let upstream = ScriptedUpstream { connection in
            while let head = connection.readHead() {
                if head.contains("/v1/slow") { release.wait() }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage")
            }
        }
        var options = GatewayUnderTest.Options()
        options.workers = 1
        options.upstream = #", "max_connections": 1, "max_waiting": 6"#
        options.members = #", "overload": { "queue_percent": 50, "loop_lag": "10s" }"#
        options.planLimits = #", { "name": "hourly", "by": ["tenant"], "requests": 9, "per": "9h" }"#
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)
        _ = try gateway.ask("GET", "/v1/sessions")
        // One runs and three wait: half of the queue.
        let waiting = try (0..<4).map { _ in try RawConnection(port: gateway.port) }
        for client in waiting { gateway.begin(gateway.request("GET", "/v1/slow"), on: client) }
        let other = try RawConnection(port: gateway.port)
        gateway.begin(gateway.request("GET", "/v1/slow", tenant: "globex"), on: other)

        let read = try gateway.ask("GET", "/v1/other")
        let hit = try gateway.ask("GET", "/v1/sessions")
        let write = try RawConnection(port: gateway.port)
        gateway.begin(gateway.request("POST", "/v1/other", fields: "Content-Length: 0\r\n"), on: write)
        for _ in 0..<5 { release.signal() }

        #expect(read.status == 503)
        #expect(ErrorDocument(read.body)?.code == "OVERLOADED")
        #expect((2...9).contains(read.value("Retry-After").flatMap { Int($0) } ?? 0))
        #expect(hit.status == 200 && left("hourly", hit) == 3)
        #expect(waiting.allSatisfy { $0.answer().status == 200 } && other.answer().status == 200)
        #expect(write.answer().status == 200)
        #expect(try gateway.metric("kayle_gateway_requests_shed_total", #"reason="upstream_queue""#) == 1)
        upstream.stop()
    }
}
