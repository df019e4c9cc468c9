import Foundation
import Synchronization
import Testing

@testable import KayleStandIn

struct StandInServerTests {
    private let standIn: RunningStandIn

    init() throws {
        standIn = try KayleStandIn.launch(testConfiguration())
    }

    @Test func connectionServesManyRequests() throws {
        let client = try RawClient(standIn)

        let statuses = try ["/", "/v1/sessions", "/v1/nothing"].map { try client.exchange("GET", $0).status }

        #expect(statuses == [200, 200, 404])
        #expect(standIn.control.connectionCount == 1)
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        let client = try RawClient(standIn)

        try client.send(
            "GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
                + "GET /no HTTP/1.1\r\nHost: x\r\n\r\n"
        )

        #expect(try client.answer().status == 200)
        #expect(try client.answer(to: "HEAD").status == 200)
        #expect(try client.answer().text == "404 Not Found")
    }

    @Test(arguments: ["HTTP/1.1\r\nHost: x\r\nConnection: close", "HTTP/1.0"])
    func connectionClosesWhenAsked(version: String) throws {
        let client = try RawClient(standIn)

        try client.send("GET / \(version)\r\n\r\n")

        #expect(try client.answer().status == 200)
        #expect(client.rest() == ([], .closed))
    }

    @Test func whatIsNotHTTPIsRefusedCountedAndClosed() throws {
        let client = try RawClient(standIn)

        try client.send("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n")

        #expect(try client.answer().status == 400)
        #expect(client.rest().end == .closed)
        #expect(standIn.control.malformedCount == 1 && standIn.control.requestCount == 0)
    }

    @Test func interimContinueComesBeforeTheAnswer() throws {
        let client = try RawClient(standIn)

        try client.send(
            "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer kk_a\r\nExpect: 100-continue\r\n"
                + "Content-Length: 2\r\n\r\n")
        let interim = try client.answer(to: "HEAD").status
        try client.send("{}")

        #expect(interim == 100)
        #expect(try client.answer().status == 200)
    }

    @Test func largeAnswerArrivesWhole() throws {
        standIn.control.inject(Fault(.largeBody(bytes: 2_000_000), times: 1))

        let answer = try RawClient(standIn).exchange("GET", "/v1/sessions")

        #expect(answer.body.count == 2_000_000)
        let isPattern = stride(from: 0, to: 2_000_000, by: 997).allSatisfy {
            Int(answer.body[$0]) == $0 % 251
        }
        #expect(isPattern)
    }

    @Test func twoHundredConnectionsAreServedAtOnce() throws {
        let clients = try (0..<200).map { _ in try RawClient(standIn) }

        for client in clients {
            try client.send("GET /v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer kk_a\r\n\r\n")
        }
        let bodies = Set(try clients.map { try $0.answer().body })

        #expect(bodies.count == 1)
        #expect(standIn.control.requestCount(.listSessions) == 200)
        #expect(standIn.control.connectionCount == 200)
    }

    @Test func stoppingEndsConnectionsAndFreesThePort() throws {
        let idle = try RawClient(standIn)
        _ = try idle.exchange("GET", "/")
        standIn.control.inject(.hang())
        let hanging = try RawClient(standIn)
        try hanging.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        standIn.stop()
        standIn.stop()

        #expect(idle.rest().end == .closed)
        #expect(hanging.rest().end != .timeout)
        var configuration = testConfiguration()
        configuration.port = standIn.port
        let second = try KayleStandIn.launch(configuration)
        #expect(second.port == standIn.port)
    }

    @Test func portInUseIsAFailureThatSaysSo() throws {
        var configuration = testConfiguration()
        configuration.port = standIn.port

        #expect {
            _ = try KayleStandIn.launch(configuration)
        } throws: { error in
            guard let failure = error as? StandInFailure, case .cannotListen(let port, _) = failure else {
                return false
            }
            return port == standIn.port
        }
    }
}
