import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// Requests that say the same bytes again and again on one connection get what they would get on a new one:
/// no check is skipped that could come out otherwise.
@Suite(.timeLimit(.minutes(2)))
struct RepetitionTests {
    private let standIn: RunningStandIn

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [
                .init(name: "acme", keys: ["kk_acme"], sessionCount: 40),
                .init(name: "globex", keys: ["kk_globex"], sessionCount: 40),
            ]))
    }

    private func gateway(_ change: (inout GatewayUnderTest.Options) -> Void = { _ in }) throws
        -> GatewayUnderTest
    {
        var options = GatewayUnderTest.Options()
        options.workers = 1
        // Some of these tests ask without a pause until something happens.
        options.listenerLimits = #", "requests_per_connection": 1000000000"#
        change(&options)
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    private func repeatedCount(_ gateway: GatewayUnderTest) throws -> Double {
        try gateway.metric("kayle_gateway_requests_repeated_total")
    }

    private func ask(_ text: String, to method: String = "GET", on client: RawConnection)
        -> RawConnection.Answer
    {
        client.send(text)
        return client.answer(to: method)
    }

    /// A head without what is another one each time.
    private static func constant(_ head: String) -> [String] {
        head.split(separator: "\r\n").map(String.init).filter { line in
            let name = line.prefix { $0 != ":" }.lowercased()
            return !["date", "age", "x-request-id", "cache-control", "cache-status", "ratelimit"].contains(
                name)
        }
    }

    /// What is asked, and whether it is one of those that are known again.
    struct Question: Sendable, CustomTestStringConvertible {
        let name: String
        let method: String
        let target: String
        var fields = ""
        var token: String?
        /// What is asked before, so that its page is stored.
        var page: String?
        let isKnown: Bool
        var testDescription: String { name }
    }

    static let questions = [
        Question(name: "hit", method: "GET", target: "/v1/sessions?limit=3", isKnown: true),
        Question(name: "hit, odd spelling", method: "GET", target: "/v1/./sessions?limit=%33", isKnown: true),
        Question(name: "HEAD", method: "HEAD", target: "/v1/sessions?limit=3", isKnown: true),
        Question(
            name: "gzip", method: "GET", target: "/v1/sessions?limit=30", fields: "Accept-Encoding: gzip\r\n",
            isKnown: true),
        Question(
            name: "304", method: "GET", target: "/v1/sessions?limit=3", fields: "If-None-Match: *\r\n",
            isKnown: true),
        Question(
            name: "a tag nobody has", method: "GET", target: "/v1/sessions?limit=3",
            fields: "If-None-Match: \"none\"\r\n", isKnown: true),
        Question(
            name: "HTTP/1.0 that stays", method: "GET", target: "/v1/sessions?limit=3",
            fields: "Connection: keep-alive\r\n", isKnown: true),
        Question(
            name: "slice", method: "GET", target: "/v1/sessions?limit=3", page: "/v1/sessions?limit=30",
            isKnown: true),
        Question(
            name: "slice that one has", method: "GET", target: "/v1/sessions?limit=3",
            fields: "If-None-Match: *\r\n", page: "/v1/sessions?limit=30", isKnown: true),
        Question(
            name: "row", method: "GET", target: "/v1/sessions/{id}", page: "/v1/sessions?limit=30",
            isKnown: true),
        Question(
            name: "row that one has", method: "GET", target: "/v1/sessions/{id}",
            fields: "If-None-Match: *\r\n", page: "/v1/sessions?limit=30", isKnown: true),
        Question(name: "bad query", method: "GET", target: "/v1/sessions?limit=1000", isKnown: true),
        Question(name: "no route", method: "GET", target: "/elsewhere", isKnown: true),
        Question(name: "no method", method: "TRACE", target: "/v1/sessions", isKnown: true),
        Question(name: "bad path", method: "GET", target: "/v1/%2e%2e/x", isKnown: true),
        Question(name: "no such token", method: "GET", target: "/v1/sessions", token: "wrong", isKnown: true),
        // Not answered out of the cache, or not known by its bytes alone.
        Question(
            name: "origin", method: "GET", target: "/v1/sessions?limit=3",
            fields: "Origin: https://a.example\r\n", isKnown: false),
        Question(
            name: "its own identifier", method: "GET", target: "/v1/sessions?limit=3",
            fields: "X-Request-Id: same-each-time\r\n", isKnown: false),
        Question(name: "opaque query", method: "GET", target: "/v1/sessions?limit=0x0A", isKnown: false),
        Question(name: "OPTIONS *", method: "OPTIONS", target: "*", isKnown: false),
    ]

    @Test(arguments: questions, [false, true])
    func theAnswerIsThatOfANewConnection(question: Question, isSecure: Bool) throws {
        let gateway = try gateway {
            $0.isSecure = isSecure
            $0.extraRoutes = """
                , { "name": "sessions.read", "method": "GET", "path": "/v1/sessions/{id}",
                    "scope": "sessions:read", "cache": { "ttl": "20s", "row_of": "sessions.list" } }
                """
        }
        func connect() throws -> RawConnection {
            isSecure
                ? try RawConnection(port: gateway.port, secured: TLSClient.Wishes())
                : try RawConnection(port: gateway.port)
        }
        let token = question.token ?? gateway.token("acme")
        var target = question.target
        if let page = question.page {
            let page = ask(gateway.request("GET", page), on: try connect())
            let ids = page.text.matches(of: #/\{"id":"(vs_[a-z0-9]{64})"/#).map { String($0.1) }
            target.replace("{id}", with: try #require(ids.dropFirst(7).first))
        }
        let text =
            "\(question.method) \(target) HTTP/1.\(question.name.contains("1.0") ? 0 : 1)\r\n"
            + "Host: gateway\r\nAuthorization: Bearer \(token)\r\n\(question.fields)\r\n"
        // The cache is filled, and the form in gzip made, before anything is compared.
        for _ in 0..<6 { _ = ask(text, to: question.method, on: try connect()) }
        let before = try repeatedCount(gateway)
        let expected = ask(text, to: question.method, on: try connect())

        let client = try connect()
        let answers = (0..<6).map { _ in ask(text, to: question.method, on: client) }

        for answer in answers {
            #expect(Self.constant(answer.head) == Self.constant(expected.head))
            #expect(answer.body == expected.body)
        }
        let isSlice = expected.value("Cache-Status")?.contains("page-slice") ?? false
        #expect(isSlice == (question.page != nil))
        let identifiers = Set(answers.compactMap { $0.value("X-Request-Id") })
        #expect(identifiers.count == (question.fields.contains("X-Request-Id") ? 1 : 6))
        // The first is not kept, the second is.
        #expect(try repeatedCount(gateway) - before == (question.isKnown ? 4 : 0))
    }

    @Test func anAnswerOfBeforeAnOwnWriteIsNotGivenAgain() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)
        // The whole list: where it begins a new session stands, or where it ends.
        let list = gateway.request("GET", "/v1/sessions?limit=100")
        for _ in 0..<4 { _ = ask(list, on: client) }

        let made = ask(
            gateway.request("POST", "/v1/sessions", fields: "Content-Length: 2\r\n") + "{}", on: client)
        let after = ask(list, on: client)
        let again = ask(list, on: client)

        #expect(made.status < 300)
        #expect(after.value("Cache-Status")?.contains("fwd=") == true)
        let id = try #require(made.text.firstMatch(of: /"id":"([^"]+)"/)?.1)
        #expect(after.text.contains(id) && again.text.contains(id))
        #expect(again.value("Cache-Status")?.contains("hit") == true)
    }

    @Test func twoTenantsOnOneConnectionGetWhatIsTheirs() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)
        let pages = try ["acme", "globex"].map {
            try gateway.ask("GET", "/v1/sessions?limit=3", tenant: $0).body
        }
        let texts = ["acme", "globex"].map { gateway.request("GET", "/v1/sessions?limit=3", tenant: $0) }

        // In turns, in runs, and both ways round.
        for index in [0, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 1] {
            #expect(ask(texts[index], on: client).body == pages[index])
        }
        #expect(pages[0] != pages[1])
        #expect(try repeatedCount(gateway) > 3)
    }

    @Test func everyOneIsTakenFromItsLimits() throws {
        let gateway = try gateway {
            $0.burst = 10
            $0.requestsPerSecond = 1
        }
        let client = try RawConnection(port: gateway.port)
        let text = gateway.request(
            "GET", "/v1/sessions?limit=2", fields: "Accept: application/problem+json\r\n")

        client.send(String(repeating: text, count: 30))
        let answers = (0..<30).map { _ in client.answer() }

        let statuses = answers.map(\.status)
        #expect((10...12).contains(statuses.filter { $0 == 200 }.count))
        #expect(Set(statuses) == [200, 429])
        let refused = try #require(answers.last { $0.status == 429 })
        #expect(refused.value("Content-Type") == "application/problem+json")
        #expect(refused.value("Retry-After") == "1")
        #expect(
            try gateway.metric("kayle_gateway_rate_limited_total") == Double(statuses.count { $0 == 429 }))
        #expect(try repeatedCount(gateway) > 20)
    }

    /// What a token is told before its end: a page, that its query is wrong, that it may not.
    @Test(arguments: [
        ("/v1/sessions?limit=2", [Scope.sessionsRead], 200), ("/v1/sessions?limit=0", [.sessionsRead], 400),
        ("/v1/sessions?limit=2", [.webhooksRead], 403),
    ])
    func aTokenEndsWithItsTimeWhateverItIsTold(target: String, scopes: [Scope], status: Int) throws {
        let gateway = try gateway()
        let token = try gateway.issue(scopes: scopes, lifetime: .seconds(2))
        let text = "GET \(target) HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n"
        #expect(try eventually { try ask(text, on: RawConnection(port: gateway.port)).status == status })
        let client = try RawConnection(port: gateway.port)
        let start = MonotonicClock.now()

        var last = ask(text, on: client)
        while last.status == status, MonotonicClock.now().elapsed(since: start) < .seconds(20) {
            // What is told of its end is told each time.
            #expect((last.value("Sunset") != nil) == (status != 403))
            last = ask(text, on: client)
        }
        let again = (0..<4).map { _ in ask(text, on: client).status }

        #expect(last.status == 401)
        #expect(MonotonicClock.now().elapsed(since: start) < .seconds(4))
        #expect(again == [401, 401, 401, 401])
        #expect(try repeatedCount(gateway) > 3)
    }

    @Test func aTokenThatIsNotGoodYetIsGoodInTime() throws {
        let gateway = try gateway()
        let begin = WallClock.nowSeconds() + 3
        let id = try #require(TokenID(String(gateway.token("acme").dropFirst(5).prefix(12))))
        try gateway.editor().edit { store in
            for tenant in store.tenants.indices {
                store.tenants[tenant].tokens = store.tenants[tenant].tokens.map { token in
                    guard token.id == id else { return token }
                    return StoredToken(
                        id: id, digest: token.digest, scopes: token.scopes, pepper: token.pepper,
                        notBefore: UTCTimestamp(unixSeconds: begin), allow: [])
                }
            }
        }
        let text = gateway.request("GET", "/v1/sessions?limit=2")
        #expect(try eventually { try ask(text, on: RawConnection(port: gateway.port)).status == 401 })
        let client = try RawConnection(port: gateway.port)

        #expect(eventually { ask(text, on: client).status == 200 })
        #expect(WallClock.nowSeconds() >= begin)
        #expect(try repeatedCount(gateway) > 3)
    }

    @Test func whoTriesOneTokenAgainAndAgainIsHeldUp() throws {
        let gateway = try gateway { $0.failedTokens = 5 }
        let client = try RawConnection(port: gateway.port)
        let wrong = String(gateway.token("acme").dropLast(8)) + "00000000"
        let text = "GET /v1/sessions HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(wrong)\r\n\r\n"

        client.send(String(repeating: text, count: 40))
        let statuses = (0..<40).map { _ in client.answer().status }

        #expect(statuses.prefix(5).allSatisfy { $0 == 401 })
        #expect(statuses.count { $0 == 429 } > 25)
    }

    @Test func aHeadInPiecesIsAnsweredAsEver() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)
        let text = gateway.request("GET", "/v1/sessions?limit=2")
        let page = (0..<4).map { _ in ask(text, on: client) }[3]

        for cut in stride(from: 1, to: text.utf8.count, by: 7) {
            client.send(String(text.prefix(cut)))
            client.send(String(text.dropFirst(cut)))
            #expect(client.answer().body == page.body)
        }
        // The end of one and the begin of the next in one piece.
        client.send(text + String(text.prefix(20)))
        client.send(String(text.dropFirst(20)) + text)
        for _ in 0..<3 { #expect(client.answer().body == page.body) }
    }

    @Test func theLastRequestOfAConnectionSaysSo() throws {
        let gateway = try gateway { $0.listenerLimits = #", "requests_per_connection": 8"# }
        let client = try RawConnection(port: gateway.port)
        let text = gateway.request("GET", "/v1/sessions?limit=2")

        client.send(String(repeating: text, count: 12))
        let answers = (0..<8).map { _ in client.answer() }

        #expect(answers.allSatisfy { $0.status == 200 })
        let ends = answers.map { $0.value("Connection") == "close" }
        #expect(ends == Array(repeating: false, count: 7) + [true])
        #expect(client.answer().status == 0)
    }

    @Test func theLogTellsTheSameOfThem() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)
        let text = gateway.request("GET", "/v1/sessions?limit=2", fields: "User-Agent: poller \"7\"\r\n")
        for _ in 0..<6 { #expect(ask(text, on: client).status == 200) }
        #expect(try repeatedCount(gateway) == 4)

        #expect(gateway.stop())
        let log = try String(contentsOfFile: "\(gateway.folder)/access.log", encoding: .utf8)
        let lines = log.split(separator: "\n").dropFirst().map {
            $0.replacing(/"(time|request_id)":"[^"]*"|"(duration_us|bytes_out)":[0-9]+/, with: "")
        }
        #expect(lines.count == 5)
        #expect(Set(lines).count == 1, "\(lines)")
        #expect(lines.first?.contains(#""user_agent":"poller \"7\"""#) == true)
    }
}
