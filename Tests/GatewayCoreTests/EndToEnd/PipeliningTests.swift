import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// Many requests on one connection, sent without waiting: answered in order, each once, and never at the
/// cost of somebody else.
@Suite(.timeLimit(.minutes(2)))
struct PipeliningTests {
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
        change(&options)
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    /// One request of a conversation, and what its answer must be.
    private struct Step {
        let method: String
        let target: String
        let status: Int
        var tenant = "acme"
        var fields = ""
        var body = ""
        /// What `Cache-Status` must hold.
        var cache: String?
    }

    private static let conversation: [Step] = [
        Step(method: "GET", target: "/v1/sessions?limit=2", status: 200, cache: "fwd=uri-miss"),
        Step(method: "GET", target: "/v1/sessions?limit=02", status: 200, cache: "hit"),
        Step(method: "GET", target: "/v1/sessions?limit=1000", status: 400),
        Step(method: "HEAD", target: "/v1/sessions?limit=2", status: 200, cache: "hit"),
        Step(method: "GET", target: "/elsewhere", status: 404),
        // Nobody knows what this changes, so everything of the tenant ends.
        Step(
            method: "PUT", target: "/v1/sessions", status: 404, fields: "Content-Length: 2\r\n", body: "{}"),
        Step(method: "GET", target: "/v1/sessions?limit=2", status: 200, cache: "fwd=uri-miss"),
        Step(
            method: "GET", target: "/v1/sessions?limit=2", status: 200, tenant: "globex",
            cache: "fwd=uri-miss"),
        Step(
            method: "POST", target: "/v1/sessions", status: 200, fields: "Transfer-Encoding: chunked\r\n",
            body: "2\r\n{}\r\n0\r\n\r\n"),
        Step(method: "OPTIONS", target: "*", status: 204),
        Step(method: "GET", target: "/v1/sessions?limit=2", status: 200, tenant: "globex", cache: "hit"),
        Step(method: "GET", target: "/v1/sessions/none", status: 400),
    ]

    /// The text of a conversation; each request carries its number.
    private func text(_ steps: [Step], _ gateway: GatewayUnderTest) -> String {
        steps.enumerated().map { number, step in
            gateway.request(
                step.method, step.target, tenant: step.tenant,
                fields: "X-Request-Id: pipelined-\(number)\r\n\(step.fields)") + step.body
        }.joined()
    }

    /// Reads the answers of a conversation and expects each in its place.
    private func expectAnswers(
        _ steps: [Step], from client: RawConnection, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (number, step) in steps.enumerated() {
            let answer = client.answer(to: step.method)
            #expect(answer.status == step.status, "\(number)", sourceLocation: sourceLocation)
            #expect(
                answer.value("X-Request-Id") == "pipelined-\(number)", "\(number)",
                sourceLocation: sourceLocation)
            #expect(answer.isWhole, "\(number)", sourceLocation: sourceLocation)
            guard let cache = step.cache else { continue }
            #expect(
                answer.value("Cache-Status")?.contains(cache) == true,
                "\(number): \(answer.value("Cache-Status") ?? "")", sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: [false, true])
    func hitsMissesRefusalsAndWritesAreAnsweredInTheOrderOfTheirRequests(isSecure: Bool) throws {
        let gateway = try gateway { $0.isSecure = isSecure }
        let client =
            isSecure
            ? try RawConnection(port: gateway.port, secured: .init()) : try RawConnection(port: gateway.port)

        client.send(text(Self.conversation, gateway))

        expectAnswers(Self.conversation, from: client)
        #expect(standIn.control.requestCount == 6)
    }

    @Test func aSlowMissHoldsTheHitsBehindItBackAndNotTheOtherWayRound() throws {
        let gateway = try gateway()
        let other = try RawConnection(port: gateway.port)
        other.send(gateway.request("GET", "/v1/sessions?limit=2"))
        #expect(other.answer().status == 200)
        standIn.control.inject(Fault(.delay(milliseconds: 200), times: 1))
        let steps = [
            Step(method: "GET", target: "/v1/sessions?limit=3", status: 200, cache: "fwd=uri-miss"),
            Step(method: "GET", target: "/v1/sessions?limit=2", status: 200, cache: "hit"),
        ]
        let client = try RawConnection(port: gateway.port)

        client.send(text(steps, gateway))
        #expect(eventually { standIn.control.requestCount == 2 })
        // While the miss is away, everybody else is served.
        other.send(gateway.request("GET", "/v1/sessions?limit=2"))
        #expect(other.answer().status == 200)

        expectAnswers(steps, from: client)
    }

    @Test func aConversationIsTheSameWhereverItIsCut() throws {
        let gateway = try gateway()
        // Without what differs from run to run: after a write the page is a miss again.
        let steps = Self.conversation.filter { $0.cache == nil }
        let bytes = Array(text(steps, gateway).utf8)
        let probe = Array("OPTIONS * HTTP/1.1\r\nHost: gateway\r\n\r\n".utf8)

        for cut in 1..<bytes.count {
            let client = try RawConnection(port: gateway.port)
            // The answer to the first says that everything in its segment has been read.
            client.send(probe + bytes[..<cut])
            #expect(client.answer().status == 204)
            client.send(Array(bytes[cut...]))
            expectAnswers(steps, from: client)
        }
        #expect(
            try gateway.metric("kayle_gateway_refusals_total", "query_invalid") == Double(bytes.count - 1))
    }

    @Test func aConversationIsTheSameByteByByte() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)

        for byte in text(Self.conversation, gateway).utf8 { client.send([byte]) }

        expectAnswers(Self.conversation, from: client)
    }

    @Test func whatFollowsARequestThatClosesIsNotAnswered() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("GET", "/v1/sessions?limit=2", fields: "Connection: close\r\n"))
        let answer = client.answer()
        client.send(gateway.request("POST", "/v1/sessions", fields: "Content-Length: 0\r\n"))
        let rest = client.rest()

        #expect(answer.status == 200)
        #expect(answer.value("Connection") == "close")
        #expect(rest.isEmpty)
        #expect(standIn.control.requestCount == 1)
    }

    @Test func aRequestInOneSegmentBehindOneThatClosesMakesBothDoubtful() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)

        client.send(
            gateway.request("GET", "/v1/sessions", fields: "Connection: close\r\n")
                + gateway.request("POST", "/v1/sessions", fields: "Content-Length: 0\r\n"))
        let answer = client.answer()
        let rest = client.rest()

        #expect(answer.status == 400)
        #expect(answer.value("Connection") == "close")
        #expect(rest.isEmpty && client.end == .closed)
        #expect(standIn.control.requestCount == 0)
        #expect(try gateway.metric("kayle_gateway_refusals_total", "bytes_after_close") == 1)
    }

    @Test(arguments: [63, 64, 65, 128, 1_000]) func aTurnsBudgetIsCrossedWithoutLoss(count: Int) throws {
        let gateway = try gateway()
        let step = Step(method: "GET", target: "/v1/sessions?limit=2", status: 200)
        let client = try RawConnection(port: gateway.port)
        let steps = Array(repeating: step, count: count)

        client.send(text(steps, gateway))

        expectAnswers(steps, from: client)
        #expect(standIn.control.requestCount == 1)
    }

    @Test func aClientThatPipelinesWithoutReadingIsHeldBackAndThenGetsEverything() throws {
        let gateway = try gateway()
        // 16 MiB of requests for 56 MiB of answers: more than the sockets of both sides take.
        let count = 4_000
        let fill = String(repeating: "x", count: 4_000)
        let request = gateway.request("GET", "/v1/sessions?limit=10", fields: "X-Fill: \(fill)\r\n")
        let client = try RawConnection(port: gateway.port)
        client.send(request)
        let page = client.answer()
        let sent = Progress()

        // Two threads, one for each direction: sending touches nothing but the descriptor.
        nonisolated(unsafe) let writing = client
        Thread.detachNewThread {
            for _ in 0..<(count / 100) {
                unsafe writing.send(String(repeating: request, count: 100))
                sent.add(100)
            }
        }
        let standstill = try sent.standstill(of: gateway)
        let answers = (0..<count).map { _ in client.answer() }

        #expect(standstill < count)
        #expect(answers.allSatisfy { $0.status == 200 && $0.isWhole && $0.body == page.body })
        #expect(sent.bytes == count)
    }
}
