import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// What clients and their scripts can rely on when the gateway says no by itself, and which odd requests it
/// takes.
@Suite(.timeLimit(.minutes(2)))
struct RefusalAnswerTests {
    private let standIn: RunningStandIn

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [
                .init(name: "acme", keys: ["kk_acme"]), .init(name: "globex", keys: ["kk_globex"]),
            ]))
    }

    private func gateway(_ change: (inout GatewayUnderTest.Options) -> Void = { _ in }) throws
        -> GatewayUnderTest
    {
        var options = GatewayUnderTest.Options()
        options.workers = 1
        change(&options)
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    @Test func everyBadTokenGetsOneAndTheSameAnswer() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)
        let good = gateway.token("acme")
        let flipped = String(good.dropLast()) + (good.last == "A" ? "B" : "A")
        let fields = [
            "", "Authorization: \r\n", "Authorization: Bearer\r\n", "Authorization: Bearer kgw_x\r\n",
            "Authorization: Basic \(good)\r\n", "Authorization: Bearer \(flipped)\r\n",
            "Authorization: Bearer  \(good)\r\n", "Authorization: Bearer \(good)x\r\n",
            "Authorization: Bearer \(good)\r\nAuthorization: Bearer \(good)\r\n",
        ]

        let answers = fields.map { field in
            client.send("GET /v1/sessions HTTP/1.1\r\nHost: a\r\nX-Request-Id: same-for-all\r\n\(field)\r\n")
            return client.answer()
        }

        #expect(answers.allSatisfy { $0.status == 401 && $0.value("WWW-Authenticate") == "Bearer" })
        #expect(Set(answers.map(\.body)).count == 1)
        #expect(Set(answers.map { $0.head.replacing(/Date: [^\r]*/, with: "") }).count == 1)
        #expect(ErrorDocument(answers[0].body)?.code == "UNAUTHORIZED")
        #expect(ErrorDocument(answers[0].body)?.pageSize == 10)
        #expect(standIn.control.requestCount == 0)
    }

    @Test func aTokenWithoutTheScopeIsForbiddenAndSaysSoInTheEnvelope() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)
        var randomness = SystemRandomness()
        let order = try #require(
            TokenOrder(name: "hooks", scopes: [.webhooksRead], lifetime: nil, allow: []))
        let issued = try gateway.editor().issueToken(
            order, for: "acme", now: UTCTimestamp(unixSeconds: WallClock.nowSeconds()),
            randomness: &randomness)
        let token = issued.text.withBytes { $0.text }
        let request = "GET /v1/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n"

        // The gateway follows the store by itself; until it has, the token is unknown.
        var answer = RawConnection.Answer()
        let deadline = ContinuousClock.now + .seconds(10)
        repeat {
            client.send(request)
            answer = client.answer()
        } while answer.status == 401 && ContinuousClock.now < deadline

        #expect(answer.status == 403)
        #expect(ErrorDocument(answer.body)?.code == "FORBIDDEN")
        #expect(answer.value("WWW-Authenticate") == nil)
        #expect(standIn.control.requestCount == 0)
    }

    @Test func anUnknownPathIsNotFoundAndAWrongMethodIsToldWhichAreAllowed() throws {
        let gateway = try gateway { options in
            options.extraRoutes = #", { "name": "get", "method": "GET", "path": "/only/get" }"#
        }
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("GET", "/elsewhere"))
        let missing = client.answer()
        client.send(gateway.request("DELETE", "/only/get"))
        let wrong = client.answer()
        client.send(gateway.request("TRACE", "/v1/sessions"))
        let trace = client.answer()

        #expect(missing.status == 404)
        #expect(ErrorDocument(missing.body)?.code == "NOT_FOUND")
        #expect(wrong.status == 405)
        #expect(wrong.value("Allow") == "GET, HEAD")
        #expect(ErrorDocument(wrong.body)?.code == "METHOD_NOT_ALLOWED")
        #expect(trace.status == 405)
        #expect(trace.value("Allow")?.contains("TRACE") == false)
        #expect(standIn.control.requestCount == 0)
    }

    @Test func aWrongQueryIsRefusedWithTheParametersName() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("GET", "/v1/sessions?limit=1000"))
        let answer = client.answer()
        client.send(gateway.request("HEAD", "/v1/sessions?limit=1000"))
        let head = client.answer(to: "HEAD")

        let document = ErrorDocument(answer.body)
        #expect(answer.status == 400)
        #expect(document?.code == "INVALID_QUERY")
        #expect(document?.message.contains("limit") == true)
        #expect(document?.pageSize == 10)
        #expect(head.status == 400)
        #expect(head.value("Content-Length") == answer.value("Content-Length"))
        #expect(standIn.control.requestCount == 0)
    }

    @Test func tooManyRequestsAreToldWhenToComeBackAndCostNothing() throws {
        let gateway = try gateway { options in
            options.requestsPerSecond = 1
            options.burst = 3
        }
        let client = try RawConnection(port: gateway.port)
        func ask(_ tenant: String = "acme") -> RawConnection.Answer {
            client.send(gateway.request("GET", "/v1/sessions", tenant: tenant))
            return client.answer()
        }

        // A burst of three and at most a few more as time goes by: refusals must not push the next grant
        // away.
        var answers: [RawConnection.Answer] = []
        while answers.count < 400, answers.last?.status != 429 { answers.append(ask()) }
        let refused = try #require(answers.last)
        for _ in 0..<200 { _ = ask() }
        var next = ask()
        let began = ContinuousClock.now
        while next.status == 429, ContinuousClock.now - began < .seconds(10) { next = ask() }

        #expect(refused.status == 429)
        #expect(refused.value("Retry-After") == "1")
        #expect(refused.value("RateLimit") == "\"tenant\";r=0;t=1")
        #expect(refused.value("RateLimit-Policy") == answers[0].value("RateLimit-Policy"))
        #expect(answers[0].value("RateLimit-Policy")?.hasPrefix("\"tenant\";q=") == true)
        #expect(answers[0].value("RateLimit")?.hasPrefix("\"tenant\";r=2;t=") == true)
        #expect(ErrorDocument(refused.body)?.code == "RATE_LIMITED")
        #expect(ErrorDocument(refused.body)?.pageSize == 10)
        #expect(next.status == 200)
        #expect(ContinuousClock.now - began < .milliseconds(1_900))
        #expect(ask("globex").status == 200)
    }

    @Test func encodedDotSegmentsAreResolvedBeforeAnythingComparesPaths() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("GET", "/v1/sessions"))
        _ = client.answer()
        client.send(gateway.request("GET", "/v1/x/%2e%2E/sessions"))
        let answer = client.answer()
        client.send(gateway.request("GET", "http://elsewhere.example/v1/./sessions"))
        let absolute = client.answer()

        #expect(answer.value("Cache-Status")?.hasPrefix("kayle-gateway; hit") == true)
        #expect(absolute.value("Cache-Status")?.hasPrefix("kayle-gateway; hit") == true)
        #expect(standIn.control.requestCount == 1)
    }

    @Test func anUpgradeIsNotForwardedAndTheRequestIsServedAsItIs() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)

        client.send(
            gateway.request(
                "GET", "/v1/sessions/none",
                fields: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"))
        let answer = client.answer()

        let request = try #require(standIn.control.requests.first)
        #expect(answer.status == 400, "the upstream's own answer to an id that is none")
        #expect(request.values("Upgrade").isEmpty)
        #expect(request.values("HTTP2-Settings").isEmpty)
        #expect(request.values("Connection").allSatisfy { !$0.lowercased().contains("upgrade") })
    }

    @Test func optionsAtTheEndOfMaxForwardsIsAnsweredHere() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("OPTIONS", "/v1/sessions", fields: "Max-Forwards: 0\r\n"))
        let own = client.answer()
        client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
        let asterisk = client.answer()
        #expect(standIn.control.requestCount == 0)
        client.send(gateway.request("OPTIONS", "/v1/sessions", fields: "Max-Forwards: 5\r\n"))
        _ = client.answer()

        #expect(own.status == 204)
        #expect(own.value("Allow") != nil)
        #expect(asterisk.status == 204)
        #expect(standIn.control.requests.map { $0.values("Max-Forwards") } == [["4"]])
    }

    @Test func anHTTP10ClientIsServedAndTheConnectionClosesUnlessItAskedOtherwise() throws {
        let gateway = try gateway()
        let token = "Authorization: Bearer \(gateway.token("acme"))\r\n"

        let plain = try RawConnection(port: gateway.port)
        plain.send("GET /v1/sessions HTTP/1.0\r\n\(token)\r\n")
        let once = plain.answer()
        #expect(once.status == 200)
        #expect(once.value("Transfer-Encoding") == nil)
        #expect(plain.rest().isEmpty && plain.end == .closed)

        let kept = try RawConnection(port: gateway.port)
        for _ in 0..<3 {
            kept.send("GET /v1/sessions HTTP/1.0\r\nConnection: keep-alive\r\n\(token)\r\n")
            let answer = kept.answer()
            #expect(answer.status == 200)
            #expect(answer.value("Connection")?.lowercased() == "keep-alive")
        }
    }

    @Test func aChunkedAnswerReachesAnHTTP10ClientWithoutChunks() throws {
        let gateway = try gateway()
        standIn.control.inject(Fault(.chunked(pieceBytes: 7), path: "/v1/sessions/*"))
        let client = try RawConnection(port: gateway.port)

        client.send(
            "GET /v1/sessions/none HTTP/1.0\r\nConnection: keep-alive\r\nAuthorization: Bearer \(gateway.token("acme"))\r\n\r\n"
        )
        let answer = client.answer()

        #expect(answer.value("Transfer-Encoding") == nil)
        #expect(answer.isWhole && client.end == .closed)
        #expect(answer.text.hasPrefix("{") && answer.text.hasSuffix("}"))
    }
}
