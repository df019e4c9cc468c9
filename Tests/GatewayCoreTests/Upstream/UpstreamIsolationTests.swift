import HTTPModel
import Testing

@testable import GatewayCore

/// The one thing that must never happen, under everything that can go wrong at once.
struct UpstreamIsolationTests {
    /// An upstream that answers each target with the target itself, and misbehaves by its number.
    private func makeEchoUpstream() -> ScriptedUpstream {
        ScriptedUpstream { connection in
            while let head = connection.readHead() {
                guard let target = head.split(separator: " ").dropFirst().first,
                    let number = Int(target.dropFirst())
                else { return }
                let length = "HTTP/1.1 200 OK\r\nContent-Length: \(target.utf8.count)\r\n\r\n\(target)"
                let count = String(target.utf8.count, radix: 16)
                let chunked =
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(count)\r\n\(target)\r\n0\r\n\r\n"
                switch number % 11 {
                case 0: connection.send(chunked)
                case 1: connection.send(length + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen")
                case 2: connection.send(chunked + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen")
                case 3: connection.send("HTTP/1.1 304 Not Modified\r\n\r\nstolen")
                case 4: return
                case 5:
                    connection.send(String(length.dropLast()))
                    return
                case 6:
                    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\(target)")
                    return
                case 7: connection.send("HTTP/1.1 200 OK\nX: 1\n\n\(target)")
                default: connection.send(length)
                }
            }
        }
    }

    @Test(arguments: [UInt64(1), 2_026])
    func noAnswerEverReachesAnotherRequest(seed: UInt64) throws {
        let upstream = makeEchoUpstream()
        var configuration = UpstreamClientConfiguration(url: upstream.url)
        configuration.maximumConnectionCount = 8
        let harness = UpstreamHarness(configuration)
        var generator = SeededNumbers(state: seed)
        var running: [(target: String, transfer: Transfer)] = []
        var outcomes: [Bool: Int] = [:]

        for round in 0..<400 {
            let target = "/\(generator.next() % 1_000_000)"
            running.append((target, try harness.start(generator.next() % 4 == 0 ? "POST" : "GET", target)))
            if generator.next() % 50 == 0 { harness.client.cancel(running.removeFirst().transfer) }
            let limit = round == 399 ? 0 : 20
            harness.run { running.count { !$0.transfer.isOver } <= limit }
            for (target, transfer) in running where transfer.isComplete {
                let text = transfer.receivedText
                let isBodyless = transfer.phase == .complete(.none)
                #expect(text == (isBodyless ? "" : target), "seed \(seed), round \(round)")
                outcomes[isBodyless, default: 0] += 1
            }
            running.removeAll { $0.transfer.isOver }
        }

        let wholeAnswerCount = outcomes[false, default: 0]
        #expect(running.isEmpty)
        #expect(wholeAnswerCount > 100)
        #expect(harness.client.isIdle)
        harness.client.close()
        upstream.stop()
    }
}
