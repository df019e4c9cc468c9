import Foundation
import Glibc
import HTTPModel
import Testing

@testable import GatewayCore

/// 32 MiB through the gateway while one side takes nothing: it holds its buffers' worth and no more.
@Suite(.timeLimit(.minutes(2)), .serialized)
struct BackPressureTests {
    private static let contentBytes = 32 * 1_048_576
    /// What may lie between the two ends: a quarter of a mebibyte of ours, and what the kernel grants the
    /// four sockets, up to 4 MiB for each sending one.
    private static let mostHeldBytes = 12 * 1_048_576

    private static func content() -> [UInt8] {
        // A prime period, so that a lost or doubled block of any usual size shows.
        let period = [UInt8](0..<251)
        var content: [UInt8] = []
        content.reserveCapacity(contentBytes + period.count)
        while content.count < contentBytes { content += period }
        content.removeLast(content.count - contentBytes)
        return content
    }

    @Test func aClientThatDoesNotReadHoldsTheUpstreamBackAndThenGetsEverything() throws {
        let content = Self.content()
        let sent = Progress()
        let upstream = ScriptedUpstream { connection in
            connection.useFixedBuffers()
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(content.count)\r\n\r\n")
            for start in stride(from: 0, to: content.count, by: 65_536) {
                guard connection.send(Array(content[start..<min(content.count, start + 65_536)])) else {
                    return
                }
                sent.add(65_536)
            }
        }
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        let client = try RawConnection(port: gateway.port, receiveBufferBytes: 65_536)

        client.send(gateway.request("GET", "/v1/export"))
        let standstill = try sent.standstill(of: gateway)
        let answer = client.answer()

        #expect(standstill > 0)
        #expect(standstill < Self.mostHeldBytes, "held \(standstill) bytes")
        #expect(answer.isWhole)
        #expect(answer.body == content)
        upstream.stop()
    }

    @Test func anUpstreamThatDoesNotReadHoldsTheClientBackAndThenGetsEverything() throws {
        let content = Self.content()
        let (gate, received) = (Gate(), Received())
        let upstream = ScriptedUpstream { connection in
            connection.useFixedBuffers()
            connection.readHead()
            gate.wait()
            received.set(connection.read(content.count))
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        var options = GatewayUnderTest.Options()
        options.listenerLimits = #", "maximum_body": "64MiB""#
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)
        let head = gateway.request("POST", "/v1/import", fields: "Content-Length: \(content.count)\r\n")
        let (sent, answer) = (Progress(), Received())
        let port = gateway.port
        let done = Mark()
        Thread.detachNewThread {
            if let client = try? RawConnection(port: port) {
                client.send(head)
                for start in stride(from: 0, to: content.count, by: 65_536) {
                    guard client.send(Array(content[start..<min(content.count, start + 65_536)])) else {
                        break
                    }
                    sent.add(65_536)
                }
                answer.set(client.answer().body)
            }
            done.set()
        }

        let standstill = try sent.standstill(of: gateway)
        gate.open()
        let isDone = eventually { done.isSet }

        #expect(isDone)
        #expect(standstill > 0)
        #expect(standstill < Self.mostHeldBytes, "held \(standstill) bytes")
        #expect(received.bytes == content)
        #expect(answer.bytes == Array("ok".utf8))
        upstream.stop()
    }

    @Test func anUploadWhoseClientLeavesNeverArrivesAsAShortOne() throws {
        let (gotSome, sawEnd) = (Gate(), Received())
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            let first = connection.read(4)
            gotSome.open()
            sawEnd.set(first + connection.read(1_000))
        }
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        var client: RawConnection? = try RawConnection(port: gateway.port)

        client?.send(gateway.request("POST", "/v1/import", fields: "Transfer-Encoding: chunked\r\n"))
        client?.send("4\r\nhalf\r\n")
        gotSome.wait()
        _ = client.take()

        #expect(eventually { sawEnd.isSet })
        #expect(!String(decoding: sawEnd.bytes, as: UTF8.self).contains("0\r\n\r\n"))
        upstream.stop()
    }
}
