import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// The admin address of a running gateway: who may ask what, and what the answers say.
@Suite(.timeLimit(.minutes(2)))
struct AdminAddressTests {
    private let standIn: RunningStandIn
    private static let keys = ["acme": "kk_acme00secret00000000000000000000", "globex": "kk_globex0secret00"]
    private static let adminToken = "adm_0123456789abcdef0123456789abcdef"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(
                organizations: Self.keys.sorted { $0.key < $1.key }.map {
                    .init(name: $0.key, keys: [$0.value], sessionCount: 20)
                }))
    }

    private func gateway(token: String? = nil) throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.tenants = Self.keys
        options.adminToken = token
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    @Test(arguments: ["/metrics", "/status"]) func figuresNeedTheTokenWhereThereIsOne(target: String) throws {
        let gateway = try gateway(token: Self.adminToken)
        let wrong = [
            "", "Authorization: Bearer \(Self.adminToken)x\r\n",
            "Authorization: Bearer \(Self.adminToken.dropLast())\r\n",
            "Authorization: Basic \(Self.adminToken)\r\n",
            "Authorization: Bearer \(gateway.token("acme"))\r\n",
            "Authorization: Bearer \(Self.adminToken)\r\nAuthorization: Bearer \(Self.adminToken)\r\n",
        ]

        let refused = try wrong.map { try gateway.askAdmin("GET", target, fields: $0) }
        let granted = try gateway.askAdmin("GET", target)

        #expect(refused.allSatisfy { $0.status == 401 && $0.value("WWW-Authenticate") == "Bearer" })
        #expect(Set(refused.map(\.body)).count == 1)
        #expect(refused.allSatisfy { !$0.text.contains("kayle_gateway_") && !$0.text.contains("tenants") })
        #expect(granted.status == 200)
    }

    @Test func aPurgeWithoutTheTokenPurgesNothing() throws {
        let gateway = try gateway(token: Self.adminToken)
        _ = try gateway.ask("GET", "/v1/sessions")

        let refused = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme"}"#, fields: "")
        let hit = try gateway.ask("GET", "/v1/sessions")

        #expect(refused.status == 401)
        #expect(hit.value("Cache-Status")?.contains("hit") == true)
    }

    @Test(arguments: ["/healthz", "/readyz"]) func aProberNeedsNoToken(target: String) throws {
        let gateway = try gateway(token: Self.adminToken)

        #expect(try gateway.askAdmin("GET", target, fields: "").status == 200)
        #expect(try gateway.askAdmin("HEAD", target, fields: "").status == 200)
    }

    @Test(arguments: [
        ("POST", "/healthz", "GET"), ("POST", "/readyz", "GET"), ("DELETE", "/metrics", "GET"),
        ("PUT", "/status", "GET"), ("GET", "/purge", "POST"),
    ])
    func aWrongMethodIsToldTheRightOne(method: String, target: String, right: String) throws {
        let answer = try gateway().askAdmin(method, target)

        #expect(answer.status == 405)
        #expect(answer.value("Allow") == right)
    }

    @Test(arguments: [
        "/v1/sessions", "/metrics/", "/Metrics", "/healthz/../metrics", "//metrics", "/%6detrics",
    ])
    func anUnknownPathIsNotFoundAndToldWhatThereIs(target: String) throws {
        let answer = try gateway().askAdmin("GET", target)

        #expect(answer.status == 404)
        #expect(answer.text.contains("/healthz, /readyz, /metrics, /status, /purge"))
        #expect(standIn.control.requestCount == 0)
    }

    @Test func aPurgeTakesOneTenantsRouteOrAllOfIt() throws {
        let gateway = try gateway()
        for tenant in ["acme", "globex"] {
            for limit in 1...3 { _ = try gateway.ask("GET", "/v1/sessions?limit=\(limit)", tenant: tenant) }
        }
        func purge(_ order: String) throws -> RawConnection.Answer {
            try gateway.askAdmin("POST", "/purge", body: order)
        }
        func isHit(_ tenant: String) throws -> Bool {
            try gateway.ask("GET", "/v1/sessions?limit=1", tenant: tenant).value("Cache-Status")?
                .contains("hit") == true
        }

        let (route, rest) = try (
            purge(#"{"tenant": "acme", "route": "sessions.list"}"#), purge(#"{"tenant": "acme"}"#)
        )

        #expect(route.status == 200 && route.text == "{\"purged\":3}\n")
        #expect(rest.status == 200 && rest.text == "{\"purged\":0}\n")
        #expect(try !isHit("acme") && isHit("globex"))
        let wrong = try [
            purge(#"{"tenant": "nobody"}"#), purge(#"{"tenant": "acme", "route": "nothing"}"#),
            purge(#"{"tenant": 1}"#), purge(""), purge(#"{"tenant": "acme", "all": true}"#),
            purge(#"{"tenant": ""# + String(repeating: "a", count: 5_000) + #""}"#),
        ]
        #expect(wrong.map(\.status) == [404, 404, 400, 400, 400, 400])
        #expect(try isHit("globex"))
    }

    @Test func everyFixedMetricIsThereWithItsLabels() throws {
        var options = GatewayUnderTest.Options()
        options.tenants = Self.keys
        options.requestsPerSecond = 1
        options.burst = 3
        let gateway = try GatewayUnderTest(upstream: standIn.url, options)
        var last = 0
        for _ in 0..<200 where last != 429 {
            last = try gateway.ask("GET", "/v1/sessions", tenant: "globex").status
        }
        #expect(last == 429)
        let metrics = try gateway.askAdmin("GET", "/metrics")

        #expect(metrics.value("Content-Type")?.hasPrefix("text/plain; version=0.0.4") == true)
        let lines = metrics.text.split(separator: "\n").map(String.init)
        for start in [
            #"requests_total{route="sessions.list",tenant="globex",status="200"} "#,
            #"requests_total{route="sessions.list",tenant="globex",status="429"} 1"#,
            #"request_duration_seconds_bucket{route="sessions.list",cache="hit",le="+Inf"} "#,
            #"request_duration_seconds_sum{route="sessions.list",cache="hit"} "#,
            #"request_duration_seconds_count{route="sessions.list",cache="hit"} "#,
            #"cache_requests_total{route="sessions.list",result="hit"} "#,
            #"cache_requests_total{route="sessions.list",result="uri-miss"} 1"#, "cache_bytes ",
            "cache_entries 1", #"upstream_requests_total{route="sessions.list",status="200"} 1"#,
            #"rate_limited_total{tenant="globex",limit="tenant"} 1"#, "connections ",
            #"refusals_total{reason="rate_limited"} 1"#,
        ] {
            #expect(lines.contains { $0.hasPrefix("kayle_gateway_\(start)") }, "\(start)")
        }
        #expect(lines.allSatisfy { $0.hasPrefix("# ") || $0.hasPrefix("kayle_gateway_") })
    }

    @Test func statusTellsWhatGoesOn() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)
        client.send(gateway.request("GET", "/v1/sessions"))
        #expect(client.answer().status == 200)

        let answer = try gateway.askAdmin("GET", "/status")

        let status = try #require(
            try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        #expect(answer.value("Content-Type") == "application/json")
        #expect(status["state"] as? String == "ready")
        #expect(status["version"] as? String == GatewayVersion.text)
        #expect(status["workers"] as? Int == 2)
        #expect(status["connections"] as? Int == 1)
        #expect(status["requests"] as? Int == 1)
        #expect(status["listeners"] as? [String] == ["127.0.0.1:\(gateway.port)"])
        #expect((status["cache"] as? [String: Any])?["entries"] as? Int == 1)
        let tenants = status["tenants"] as? [[String: Any]] ?? []
        let requests = tenants.map { ($0["id"] as? String ?? "", $0["requests"] as? Int ?? -1) }
        #expect(Dictionary(uniqueKeysWithValues: requests) == ["acme": 1, "globex": 0])
    }

    @Test func noAnswerHoldsASecret() throws {
        let gateway = try gateway(token: Self.adminToken)
        for tenant in ["acme", "globex"] { _ = try gateway.ask("GET", "/v1/sessions", tenant: tenant) }
        _ = try gateway.ask("GET", "/v1/sessions?token=\(gateway.token("acme"))")

        let texts = try ["/metrics", "/status", "/healthz", "/readyz", "/none"]
            .flatMap { target in
                try [gateway.askAdmin("GET", target), gateway.askAdmin("GET", target, fields: "")]
            }.map { $0.head + $0.text }

        for secret in Self.keys.values + [Self.adminToken] + gateway.tokens.values {
            #expect(texts.allSatisfy { !$0.contains(secret) })
        }
        for token in gateway.tokens.values {
            #expect(texts.allSatisfy { !$0.contains(token.dropFirst(17).prefix(20)) })
        }
    }

    @Test func oneConnectionAsksAgainAndAgainAlsoPipelined() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.adminPort)
        let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

        client.send(String(repeating: request, count: 200))
        let statuses = (0..<200).map { _ in client.answer().status }
        client.send("GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n")
        let refused = client.answer()

        #expect(Set(statuses) == [200])
        #expect(refused.status == 400 && refused.value("Connection") == "close")
        #expect(client.rest().isEmpty && client.end == .closed)
    }
}
