import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// An upstream in trouble, seen through a whole gateway: who is held back, what answers meanwhile, how it
/// comes back.
@Suite(.timeLimit(.minutes(2)))
struct UpstreamCareTests {
    private static let list = "/v1/sessions"
    private let standIn: RunningStandIn

    init() throws { standIn = try Self.launch() }

    private static func launch(port: UInt16 = 0) throws -> RunningStandIn {
        var configuration = StandInConfiguration(organizations: [
            .init(name: "acme", keys: ["kk_acme"], sessionCount: 30),
            .init(name: "globex", keys: ["kk_globex"], sessionCount: 30),
        ])
        configuration.port = port
        return try KayleStandIn.launch(configuration)
    }

    private func gateway(
        openTime: String = "10m", cache: String = "\"jitter_percent\": 0", upstream: String = ""
    ) throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        // The time to live stands in quotes; what is closed here is opened again behind it.
        options.cacheTimeToLive = "100ms\", \(cache), \"by\": \"tenant"
        options.upstream =
            ", \"circuit\": { \"failures\": 3, \"open_time\": \"\(openTime)\" }"
            + ", \"retry\": { \"count\": 0 }\(upstream)"
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    private func open(_ gateway: GatewayUnderTest, tenant: String = "acme") throws {
        for number in 0..<3 {
            _ = try gateway.ask("GET", "/v1/events?limit=\(number + 1)", tenant: tenant)
        }
    }

    private func circuit(_ gateway: GatewayUnderTest) throws -> String {
        let text = try gateway.askAdmin("GET", "/status").text
        return text.firstMatch(of: #/"circuit": ?"([a-z-]*)"/#).map { String($0.1) } ?? text
    }

    @Test func aDeadUpstreamIsLeftAloneAndAskedAgainWhenItIsBack() throws {
        let gateway = try gateway(openTime: "100ms")
        let port = standIn.port
        standIn.stop()
        for _ in 0..<3 { #expect(try gateway.ask("GET", Self.list).status == 502) }

        let refused = try gateway.ask("GET", Self.list)
        #expect(refused.status == 503)
        #expect(refused.text.contains("\"UPSTREAM_UNAVAILABLE\""))
        #expect(refused.value("Retry-After") == "1")
        #expect(refused.value("Proxy-Status") == "\"kayle-gateway\"; error=destination_unavailable")
        #expect(try circuit(gateway) != "closed")
        #expect(try gateway.metric("kayle_gateway_upstream_circuit_state") > 0)
        #expect(
            try gateway.metric("kayle_gateway_refusals_total", "reason=\"destination_unavailable\"") >= 1)
        #expect(
            try gateway.metric("kayle_gateway_upstream_circuits_opened_total", "reason=\"upstream\"") == 1)

        let revived = try Self.launch(port: port)
        #expect(try eventually { try gateway.ask("GET", Self.list).status == 200 })
        #expect(try circuit(gateway) == "closed")
        #expect(try gateway.ask("GET", "/v1/events", tenant: "globex").status == 200)
        withExtendedLifetime(revived) {}
    }

    @Test func nothingReachesTheUpstreamWhileTheCircuitIsOpen() throws {
        let gateway = try gateway()
        standIn.control.inject(Fault(.raw([], .reset), path: "/v1/*"))
        try open(gateway)
        try open(gateway, tenant: "globex")
        let before = standIn.control.requestCount

        let statuses = try (0..<20).map { number in
            try gateway.ask("GET", Self.list, tenant: number % 2 == 0 ? "acme" : "globex").status
        }

        #expect(Set(statuses) == [503])
        #expect(standIn.control.requestCount == before)
        #expect(try gateway.ask("GET", Self.list).value("Retry-After") == "600")
    }

    @Test func oneTenantsPoisonDoesNotHoldTheOthersBack() throws {
        let gateway = try gateway()
        standIn.control.inject(Fault(.answer(status: 500, fields: [], body: []), path: "/v1/events"))

        try open(gateway)

        #expect(try gateway.ask("GET", Self.list).status == 503)
        #expect(try gateway.ask("GET", Self.list, tenant: "globex").status == 200)
        #expect(try circuit(gateway) == "closed")
        #expect(try gateway.metric("kayle_gateway_upstream_credential_circuits_open") == 1)
    }

    @Test func oldPagesAnswerMeanwhileAndWritesThatWereNeverSentDoNotEndThem() throws {
        let gateway = try gateway(cache: #""jitter_percent": 0, "stale_if_error": "1h""#)
        let first = try gateway.ask("GET", Self.list)
        standIn.control.inject(Fault(.raw([], .reset), path: "/v1/*"))
        try open(gateway)

        let write = try gateway.ask("POST", Self.list)
        #expect(write.status == 503)
        var stale: RawConnection.Answer?
        let isGiven = try eventually {
            let answer = try gateway.ask("GET", Self.list)
            if answer.value("Cache-Status")?.contains("; hit") != true { stale = answer }
            return stale != nil
        }

        #expect(isGiven)
        #expect(stale?.status == 200)
        #expect(stale?.body == first.body)
        #expect(stale?.value("Cache-Status") == "kayle-gateway; fwd=stale; detail=sie")
    }

    @Test func oneRequestAtATimeTriesWhetherTheUpstreamIsBack() throws {
        let asked = Gate()
        let mayAnswer = Gate()
        let upstream = ScriptedUpstream { connection in
            while let head = connection.readHead() {
                if head.contains("/v1/events") { return connection.reset() }
                asked.open()
                mayAnswer.wait()
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        var options = GatewayUnderTest.Options()
        options.upstream =
            #", "circuit": { "failures": 3, "open_time": "100ms" }, "retry": { "count": 0 }"#
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)
        try open(gateway)

        // The first that is let through waits at the upstream; everybody else is told to come back.
        let trialEnded = Gate()
        Thread.detachNewThread {
            _ = try? eventually { try gateway.ask("GET", "/v1/trial").status != 503 }
            trialEnded.open()
        }
        asked.wait()
        let statuses = try (0..<20).map { try gateway.ask("GET", "/v1/other?\($0)").status }
        mayAnswer.open()
        trialEnded.wait()

        #expect(Set(statuses) == [503])
        #expect(upstream.requests.count { $0.contains("/v1/other") } == 0)
        #expect(upstream.requests.count { $0.contains("/v1/trial") } == 1)
        #expect(try circuit(gateway) == "closed")
    }

    @Test func aConnectionThatFailsIsTriedOnceMoreWithinTheBudget() throws {
        let upstream = ScriptedUpstream { connection in
            guard connection.readHead() != nil, connection.number > 1 else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            _ = connection.readHead()
        }
        let gateway = try GatewayUnderTest(upstream: upstream.url)

        let answer = try gateway.ask("GET", "/v1/events")

        #expect(answer.status == 200)
        #expect(upstream.requests.count == 2)
        #expect(try eventually { try gateway.metric("kayle_gateway_upstream_retries_total") == 1 })
    }

    @Test func aProbeOpensTheCircuitAndLetsTheUpstreamBackIn() throws {
        standIn.control.inject(Fault(.answer(status: 503, fields: [], body: []), path: "/"))
        let gateway = try gateway(
            upstream: """
                , "health": { "path": "/", "interval": "250ms", "timeout": "250ms", "unhealthy_after": 1 }
                """)

        #expect(try eventually { try circuit(gateway) == "open" })
        #expect(try gateway.ask("GET", Self.list).status == 503)
        #expect(try gateway.askAdmin("GET", "/status").text.contains("unhealthy"))
        standIn.control.clearFaults()

        #expect(try eventually { try gateway.ask("GET", Self.list).status == 200 })
        #expect(try circuit(gateway) == "closed")
        #expect(try gateway.metric("kayle_gateway_upstream_probes_total", "result=\"bad\"") >= 1)
        #expect(try gateway.metric("kayle_gateway_upstream_probes_total", "result=\"good\"") >= 1)
        // A probe shows nobody's token.
        let probes = standIn.control.requests.filter { $0.target == "/" }
        #expect(!probes.isEmpty)
        #expect(probes.allSatisfy { $0.values("Authorization").isEmpty })
    }
}
