import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// A gateway that was told to stop: what is under way ends well, what waits ends now, and nothing new begins.
@Suite(.timeLimit(.minutes(2)))
struct DrainTests {
    private let upstream: ScriptedUpstream
    /// Opened by a test for each answer that the upstream may give.
    private let mayAnswer = Gate()

    init() {
        let mayAnswer = mayAnswer
        upstream = ScriptedUpstream { connection in
            while let head = connection.readHead() {
                if head.contains("POST") { _ = connection.read(10) }
                if head.contains("/begun") {
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
                    mayAnswer.wait()
                    connection.send("full")
                    continue
                }
                if head.contains("/slow") || head.contains("/sessions") { mayAnswer.wait() }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
            }
        }
    }

    private func gateway(isSecure: Bool = false, drainTimeout: String = "20s") throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.workers = 2
        options.isSecure = isSecure
        options.drainTimeout = drainTimeout
        return try GatewayUnderTest(upstream: upstream.url, options)
    }

    private func connect(_ gateway: GatewayUnderTest, isSecure: Bool) throws -> RawConnection {
        isSecure
            ? try RawConnection(port: gateway.port, secured: .init()) : try RawConnection(port: gateway.port)
    }

    /// Whether a connection is refused, now that nobody listens.
    private func isRefused(_ gateway: GatewayUnderTest) -> Bool {
        // Why it failed is lost: on the loopback interface there is one reason.
        (try? RawConnection(port: gateway.port)) == nil
    }

    @Test(arguments: [false, true])
    func anAnswerUnderWayIsFinishedAndTheConnectionClosesBehindIt(isSecure: Bool) throws {
        let gateway = try gateway(isSecure: isSecure)
        let waiting = try connect(gateway, isSecure: isSecure)
        let begun = try connect(gateway, isSecure: isSecure)
        waiting.send(gateway.request("GET", "/v1/slow"))
        begun.send(gateway.request("GET", "/v1/begun"))
        #expect(eventually { upstream.requests.count == 2 })

        gateway.beginDrain()
        #expect(eventually { isRefused(gateway) })
        #expect(try gateway.askAdmin("GET", "/readyz").status == 503)
        #expect(try gateway.askAdmin("GET", "/healthz").status == 200)
        for _ in 0..<2 { mayAnswer.open() }
        let (first, second) = (waiting.answer(), begun.answer())

        #expect(first.status == 200 && first.text == "done")
        // Its client sends nothing more on the connection, so that no request is lost to the close.
        #expect(first.value("Connection") == "close")
        #expect(second.status == 200 && second.text == "halffull")
        for client in [waiting, begun] { #expect(client.rest().isEmpty && client.end == .closed) }
        #expect(gateway.stop())
        upstream.stop()
    }

    @Test func idleConnectionsAreClosedAtOnceUnderAGoodbye() throws {
        let gateway = try gateway(isSecure: true)
        let unused = try connect(gateway, isSecure: true)
        let used = try connect(gateway, isSecure: true)
        used.send(gateway.request("GET", "/v1/quick"))
        #expect(used.answer().status == 200)
        let handshaking = try RawConnection(port: gateway.port)

        gateway.beginDrain()

        for client in [unused, used] { #expect(client.rest().isEmpty && client.end == .closed) }
        #expect(handshaking.rest().isEmpty && handshaking.end != .timeout)
        #expect(gateway.stop())
        upstream.stop()
    }

    @Test func everyoneWhoFollowsTheSameFetchIsAnswered() throws {
        let gateway = try gateway()
        let clients = try (0..<20).map { _ in try RawConnection(port: gateway.port) }
        for client in clients { gateway.begin(gateway.request("GET", "/v1/sessions"), on: client) }
        #expect(eventually { upstream.requests.count == 1 })

        gateway.beginDrain()
        #expect(eventually { isRefused(gateway) })
        // Those whose answer cannot be shared would ask for themselves; there is an answer for each.
        for _ in clients { mayAnswer.open() }
        let answers = clients.map { $0.answer() }

        #expect(answers.allSatisfy { $0.status == 200 && $0.text == "done" })
        #expect(gateway.stop())
        upstream.stop()
    }

    @Test func anUploadUnderWayIsTakenToItsEnd() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)
        client.send(gateway.request("POST", "/v1/import", fields: "Content-Length: 10\r\n") + "12345")
        #expect(eventually { upstream.requests.count == 1 })

        gateway.beginDrain()
        #expect(eventually { isRefused(gateway) })
        client.send("67890")
        let answer = client.answer(to: "POST")

        #expect(answer.status == 200 && answer.text == "done")
        #expect(client.rest().isEmpty && client.end == .closed)
        #expect(gateway.stop())
        upstream.stop()
    }

    @Test func aRequestThatHasBegunToArriveIsAnswered() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)
        let request = gateway.request("GET", "/v1/quick")
        gateway.begin(request.prefix(30).description, on: client)

        gateway.beginDrain()
        #expect(eventually { isRefused(gateway) })
        client.send(request.dropFirst(30).description)
        let answer = client.answer()

        #expect(answer.status == 200 && answer.value("Connection") == "close")
        #expect(client.rest().isEmpty && client.end == .closed)
        #expect(gateway.stop())
        upstream.stop()
    }

    @Test func whatDoesNotEndIsEndedWhenTheTimeIsUp() throws {
        let gateway = try gateway(drainTimeout: "300ms")
        let waiting = try RawConnection(port: gateway.port)
        let half = try RawConnection(port: gateway.port)
        waiting.send(gateway.request("GET", "/v1/slow"))
        gateway.begin("GET /v1/quick HTTP/1.1\r\n", on: half)
        #expect(eventually { upstream.requests.count == 1 })

        let hasEnded = gateway.stop()
        let answer = waiting.answer()

        #expect(hasEnded)
        #expect(answer.head == "" && waiting.end != .timeout)
        #expect(half.rest().isEmpty && half.end != .timeout)
        mayAnswer.open()
        upstream.stop()
    }

    @Test func beingToldTwiceIsBeingToldOnce() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)
        client.send(gateway.request("GET", "/v1/slow"))
        #expect(eventually { upstream.requests.count == 1 })

        gateway.beginDrain()
        gateway.beginDrain()
        #expect(eventually { isRefused(gateway) })
        gateway.beginDrain()
        mayAnswer.open()

        #expect(client.answer().text == "done")
        #expect(gateway.stop())
        upstream.stop()
    }
}
