import Foundation
import HTTPModel
import Synchronization
import Testing

@testable import GatewayCore

/// One worker and its connections: who is served when, and what is left in memory.
@Suite(.timeLimit(.minutes(2)))
struct WorkerTests {
    private static let request = "GET /a HTTP/1.1\r\nHost: w\r\n\r\n"

    private func connect(_ worker: WorkerUnderTest, _ tls: TLSFiles?) throws -> RawConnection {
        tls == nil
            ? try RawConnection(port: worker.port) : try RawConnection(port: worker.port, secured: .init())
    }

    @Test(arguments: [false, true])
    func aConnectionThatPipelinesDoesNotStarveTheOthers(isSecure: Bool) throws {
        let files = isSecure ? try TLSFiles() : nil
        let allHaveSent = Gate()
        let worker = try WorkerUnderTest(tls: files) { request in
            // Holds the worker until everybody has sent, so that all are ready in one and the same turn.
            if request.target == "/hold" { allHaveSent.wait() }
            return 10
        }
        let holder = try connect(worker, files)
        let greedy = try connect(worker, files)
        let modest = try (0..<8).map { _ in try connect(worker, files) }
        greedy.send("GET /first HTTP/1.1\r\nHost: w\r\n\r\n")
        #expect(greedy.answer().status == 200)

        holder.send("GET /hold HTTP/1.1\r\nHost: w\r\n\r\n")
        #expect(eventually { worker.requests.count == 2 })
        greedy.send(String(repeating: Self.request, count: 1_000))
        for client in modest { client.send("GET /modest HTTP/1.1\r\nHost: w\r\n\r\n") }
        allHaveSent.open()
        for client in modest { #expect(client.answer().status == 200) }
        for _ in 0..<1_000 { #expect(greedy.answer().status == 200) }

        let order = worker.requests.map(\.target)
        let lastModest = try #require(order.lastIndex(of: "/modest"))
        let greedyBefore = order[..<lastModest].count { $0 == "/a" }
        // One turn's share, whichever was looked at first; two when the loop began a turn in between.
        #expect(greedyBefore <= 128)
        #expect(order.count { $0 == "/modest" } == 8)
    }

    @Test(arguments: [false, true])
    func aConnectionLostAmongPipelinedRequestsLeavesNothingForTheNext(isSecure: Bool) throws {
        let files = isSecure ? try TLSFiles() : nil
        let mayGoOn = Gate()
        let hasReached = Mark()
        let worker = try WorkerUnderTest(tls: files) { request in
            guard request.target == "/lost" else { return 10 }
            // The client resets the connection now; the worker finds out when it sends.
            hasReached.set()
            mayGoOn.wait()
            return 400_000
        }
        let lost = try connect(worker, files)

        lost.send(
            Self.request + "GET /lost HTTP/1.1\r\nHost: w\r\n\r\n"
                + String(repeating: Self.request, count: 20))
        #expect(eventually { hasReached.isSet })
        lost.reset()
        mayGoOn.open()
        let next = try connect(worker, files)
        next.send("GET /next HTTP/1.1\r\nHost: w\r\n\r\n")
        let answer = next.answer()

        #expect(answer.status == 200)
        #expect(worker.mostSharedBytes == 0)
        #expect(worker.requests.map(\.target) == ["/a", "/lost", "/next"])
    }

    @Test(arguments: [false, true]) func anIdleConnectionOwnsNoBuffer(isSecure: Bool) throws {
        let files = isSecure ? try TLSFiles() : nil
        let worker = try WorkerUnderTest(tls: files) { $0.target == "/large" ? 600_000 : 10 }
        let clients = try (0..<20).map { _ in try connect(worker, files) }
        let large = "GET /large HTTP/1.1\r\nHost: w\r\n\r\n"

        // More than the sockets take while nobody reads, so that output is kept, and input behind it.
        for client in clients { client.send(String(repeating: large, count: 20) + Self.request.prefix(20)) }
        let isHeld = eventually { worker.holding.ownedBytes > 20 * 100_000 }
        for client in clients {
            for _ in 0..<20 { #expect(client.answer().isWhole) }
            client.send(Self.request.dropFirst(20).description)
            #expect(client.answer().status == 200)
        }
        let isGivenBack = eventually { worker.holding.ownedBytes == 0 }

        #expect(isHeld)
        #expect(isGivenBack, "\(worker.holding)")
        #expect(worker.holding.connections == 20)
        #expect(worker.mostSharedBytes == 0)
    }

    @Test func aClientThatComesInTheMomentOfADrainIsTurnedAway() throws {
        let mayGoOn = Gate()
        let isHeld = Mark()
        let worker = try WorkerUnderTest { _ in
            isHeld.set()
            mayGoOn.wait()
            return 10
        }
        let held = try RawConnection(port: worker.port)

        held.send(Self.request)
        #expect(eventually { isHeld.isSet })
        // Both come up in the worker's next turn, in this order.
        worker.beginDrain()
        let late = try RawConnection(port: worker.port)
        mayGoOn.open()

        #expect(held.answer().status == 200)
        #expect(late.rest().isEmpty && late.end != .timeout)
        #expect(held.rest().isEmpty && held.end == .closed)
    }

    @Test func partOfARequestIsKeptByItsConnectionAlone() throws {
        let worker = try WorkerUnderTest { _ in 10 }
        let clients = try (0..<50).map { _ in try RawConnection(port: worker.port) }

        for piece in 0..<Self.request.utf8.count {
            for client in clients { client.send([Array(Self.request.utf8)[piece]]) }
        }
        for client in clients { #expect(client.answer().status == 200) }

        #expect(worker.requests.count == 50)
        #expect(worker.mostSharedBytes == 0)
        #expect(eventually { worker.holding.ownedBytes == 0 })
    }
}
