import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// Every limit of a listener: what is just within it passes, what is beyond it is refused and counted.
@Suite(.timeLimit(.minutes(2)))
struct ListenerLimitTests {
    private let standIn: RunningStandIn

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [
                .init(name: "acme", keys: ["kk_acme"]), .init(name: "globex", keys: ["kk_globex"]),
            ]))
    }

    private func gateway(_ limits: String, upstream: String? = nil) throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.workers = 1
        options.listenerLimits = limits.isEmpty ? "" : ", \(limits)"
        return try GatewayUnderTest(upstream: upstream ?? standIn.url, options)
    }

    /// The kernel spreads connections over the workers by chance; what may be open is of all of them.
    @Test func asManyConnectionsAreServedAsMayBeOpenWhicheverWorkersTheyComeTo() throws {
        var options = GatewayUnderTest.Options()
        options.workers = 4
        options.listenerLimits = #", "maximum_connections": 12"#
        let gateway = try GatewayUnderTest(upstream: standIn.url, options)

        var open: [RawConnection] = []
        for _ in 0..<12 { open.append(try RawConnection(port: gateway.port)) }
        for client in open { client.send(gateway.request("GET", "/v1/sessions")) }
        let statuses = open.map { $0.answer().status }

        #expect(statuses == [Int](repeating: 200, count: 12))
        let further = try RawConnection(port: gateway.port)
        #expect(further.rest().isEmpty && further.end != .timeout)
        #expect(try refusals(gateway, "too_many_connections") == 1)
    }

    private func refusals(_ gateway: GatewayUnderTest, _ reason: String) throws -> Double {
        try gateway.metric("kayle_gateway_refusals_total", "reason=\"\(reason)\"")
    }

    // MARK: Sizes

    @Test func aRequestLineIsAsLongAsItMayBe() throws {
        let gateway = try gateway(#""maximum_request_line": "256B""#)
        let fixed = "GET /v1/sessions/ HTTP/1.1".utf8.count
        func ask(_ lineBytes: Int) throws -> RawConnection.Answer {
            try gateway.ask("GET", "/v1/sessions/" + String(repeating: "a", count: lineBytes - fixed))
        }

        let (within, beyond) = try (ask(256), ask(257))

        #expect(within.status != 414)
        #expect(beyond.status == 414)
        #expect(beyond.value("Connection") == "close")
        #expect(ErrorDocument(beyond.body)?.code == "URI_TOO_LONG")
        #expect(try refusals(gateway, "request_line_too_long") == 1)
        #expect(standIn.control.requestCount == 1)
    }

    @Test func aHeadHasAsManyFieldsAsItMay() throws {
        let gateway = try gateway("")
        // Host and Authorization are two of the 64.
        func ask(_ count: Int) throws -> RawConnection.Answer {
            let fields = (0..<(count - 2)).map { "X-\($0): \($0)\r\n" }.joined()
            return try gateway.ask("GET", "/v1/sessions", fields: fields)
        }

        let (within, beyond) = try (ask(64), ask(65))

        #expect(within.status == 200)
        #expect(beyond.status == 431)
        #expect(ErrorDocument(beyond.body)?.code == "HEADERS_TOO_LARGE")
        #expect(try refusals(gateway, "too_many_fields") == 1)
    }

    @Test func aHeadIsAsLargeAsItMayBe() throws {
        let gateway = try gateway(#""maximum_request_line": "512B", "maximum_head": "1KiB""#)
        func ask(_ headBytes: Int) throws -> RawConnection.Answer {
            let empty = gateway.request("GET", "/v1/sessions", fields: "X-Fill: \r\n").utf8.count
            let fill = String(repeating: "a", count: headBytes - empty)
            return try gateway.ask("GET", "/v1/sessions", fields: "X-Fill: \(fill)\r\n")
        }

        let (within, beyond) = try (ask(1_024), ask(1_025))

        #expect(within.status == 200)
        #expect(beyond.status == 431)
        #expect(ErrorDocument(beyond.body)?.code == "HEADERS_TOO_LARGE")
        #expect(try refusals(gateway, "head_too_large") == 1)
    }

    @Test func aHeadThatNeverEndsIsRefusedAtItsLimitAndNotCollected() throws {
        let gateway = try gateway(#""maximum_request_line": "512B", "maximum_head": "1KiB""#)
        let client = try RawConnection(port: gateway.port)

        client.send("GET / HTTP/1.1\r\nX-Endless: ")
        while client.send(String(repeating: "a", count: 1_000)), client.end == nil {
            guard try refusals(gateway, "head_too_large") == 0 else { break }
        }

        #expect(client.answer().status == 431)
        #expect(try refusals(gateway, "head_too_large") == 1)
    }

    @Test func contentIsAsLargeAsItMayBeHoweverItIsFramed() throws {
        let gateway = try gateway(#""maximum_body": "1KiB""#)
        func post(_ count: Int, isChunked: Bool) throws -> RawConnection.Answer {
            let client = try RawConnection(port: gateway.port)
            let content = String(repeating: "x", count: count)
            let fields =
                isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(content.utf8.count)\r\n"
            let body = isChunked ? "\(String(count, radix: 16))\r\n\(content)\r\n0\r\n\r\n" : content
            client.send(gateway.request("POST", "/v1/sessions", fields: fields) + body)
            return client.answer(to: "POST")
        }

        for isChunked in [false, true] {
            let (within, beyond) = try (post(1_024, isChunked: isChunked), post(1_025, isChunked: isChunked))
            #expect(within.status != 413)
            #expect(beyond.status == 413)
            #expect(beyond.value("Connection") == "close")
            #expect(ErrorDocument(beyond.body)?.code == "CONTENT_TOO_LARGE")
        }
        #expect(try refusals(gateway, "content_too_large") == 2)
    }

    // MARK: Times

    @Test(arguments: ["G", "GET /v1/sessions HTTP/1.1\r\nHost: a\r\n"])
    func aHeadThatDoesNotEndInTimeIsToldSo(part: String) throws {
        let gateway = try gateway(#""head_timeout": "150ms""#)
        let client = try RawConnection(port: gateway.port)

        client.send(part)
        let answer = client.answer()

        #expect(answer.status == 408)
        #expect(answer.value("Connection") == "close")
        #expect(ErrorDocument(answer.body)?.code == "REQUEST_TIMEOUT")
        #expect(client.rest().isEmpty && client.end == .closed)
        #expect(try refusals(gateway, "request_timeout") == 1)
    }

    @Test func theTimeOfAHeadIsItsOwnAndNotTheConnections() throws {
        let gateway = try gateway(#""head_timeout": "150ms""#)
        let client = try RawConnection(port: gateway.port)

        // More than a head's time goes by, in many heads.
        let began = MonotonicClock.now()
        var statuses: Set<Int> = []
        while MonotonicClock.now().elapsed(since: began) < .milliseconds(400) {
            client.send(gateway.request("GET", "/v1/sessions"))
            statuses.insert(client.answer().status)
        }

        #expect(statuses == [200])
    }

    @Test(arguments: ["Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"])
    func contentThatDoesNotEndInTimeIsToldSo(framing: String) throws {
        let gateway = try gateway(#""body_timeout": "150ms""#)
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("POST", "/v1/sessions", fields: framing) + "5\r\nhello\r\n")
        let answer = client.answer(to: "POST")

        #expect(answer.status == 408)
        #expect(answer.value("Connection") == "close")
        #expect(client.rest().isEmpty && client.end == .closed)
        #expect(try refusals(gateway, "request_timeout") == 1)
    }

    @Test func contentThatComesTooSlowlyIsToldSo() throws {
        let gateway = try gateway(#""minimum_body_rate": "1MiB", "minimum_body_rate_grace": "150ms""#)
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("POST", "/v1/sessions", fields: "Content-Length: 1000000\r\n"))
        // A byte now and then, never as many as a mebibyte in a second: each waits for an answer elsewhere.
        var answers = 0
        while try refusals(gateway, "request_timeout") == 0, answers < 10_000 {
            client.send("x")
            answers += 1
        }
        let answer = client.answer(to: "POST")

        #expect(answer.status == 408)
        #expect(try refusals(gateway, "request_timeout") == 1)
    }

    @Test func aConnectionWithoutARequestIsClosedWithoutAWord() throws {
        let gateway = try gateway(#""idle_timeout": "150ms""#)
        let (silent, used) = try (RawConnection(port: gateway.port), RawConnection(port: gateway.port))

        used.send(gateway.request("GET", "/v1/sessions"))
        let answer = used.answer()

        #expect(answer.status == 200)
        for client in [silent, used] { #expect(client.rest().isEmpty && client.end == .closed) }
        #expect(try eventually { try gateway.metric("kayle_gateway_connections") == 0 })
        #expect(try gateway.metric("kayle_gateway_connections_ended_total", #"reason="idle_timeout""#) == 2)
        #expect(try refusals(gateway, "request_timeout") == 0)
    }

    @Test func aClientThatTakesNothingOfItsAnswerIsCutOff() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n")
            for _ in 0..<512 where !connection.send([UInt8](repeating: 7, count: 65_536)) { return }
        }
        let gateway = try gateway(#""write_timeout": "200ms""#, upstream: upstream.url)
        let client = try RawConnection(port: gateway.port, receiveBufferBytes: 4_096)

        client.send(gateway.request("GET", "/v1/large"))
        let isRefused = try eventually { try refusals(gateway, "write_timeout") == 1 }
        let answer = client.answer()

        #expect(isRefused)
        #expect(!answer.isWhole)
        #expect(try eventually { try gateway.metric("kayle_gateway_connections") == 0 })
        upstream.stop()
    }

    // MARK: Numbers

    @Test func theLastRequestOfAConnectionIsToldThatItIs() throws {
        let gateway = try gateway(#""requests_per_connection": 3"#)
        let client = try RawConnection(port: gateway.port)

        client.send(String(repeating: gateway.request("GET", "/v1/sessions"), count: 5))
        let answers = (0..<3).map { _ in client.answer() }
        let rest = client.rest()

        #expect(answers.map(\.status) == [200, 200, 200])
        #expect(answers.map { $0.value("Connection") } == [nil, nil, "close"])
        #expect(rest.isEmpty && client.end == .closed)
        let ended = try gateway.metric(
            "kayle_gateway_connections_ended_total", #"reason="requests_per_connection""#)
        #expect(ended == 1)
    }

    @Test func connectionsBeyondTheMostAreClosedAtOnceAndThoseThatAreOpenStay() throws {
        let gateway = try gateway(#""maximum_connections": 2"#)
        var open = try (0..<2).map { _ in try RawConnection(port: gateway.port) }
        func isServed(_ client: RawConnection) -> Bool {
            client.send(gateway.request("GET", "/v1/sessions"))
            return client.answer().status == 200
        }
        #expect(open.allSatisfy(isServed))

        let refused = try (0..<3).map { _ in try RawConnection(port: gateway.port) }
        for client in refused { #expect(client.rest().isEmpty && client.end != .timeout) }
        #expect(try refusals(gateway, "too_many_connections") == 3)
        #expect(open.allSatisfy(isServed))
        open.removeLast()
        let isFree = try eventually { isServed(try RawConnection(port: gateway.port)) }

        #expect(isFree)
    }
}
