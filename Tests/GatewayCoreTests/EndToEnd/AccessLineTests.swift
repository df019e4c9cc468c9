import COpenSSL
import Foundation
import Testing

@testable import GatewayCore

/// What the access log tells of exchanges that went different ways.
@Suite(.timeLimit(.minutes(1)))
struct AccessLineTests {
    private static let page = "/v1/sessions?limit=3"
    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"

    /// The lines a gateway wrote, one member each by name.
    private func lines(of gateway: GatewayUnderTest) throws -> [[String: String]] {
        #expect(gateway.stop())
        let text = try String(contentsOfFile: "\(gateway.folder)/access.log", encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            let members = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return try #require(members).mapValues { "\($0)" }
        }
    }

    @Test func everyWayToAnAnswerNamesTheClientOfItsOwnRequest() throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil { connection.send(Self.answer) }
        }
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        let client = try RawConnection(port: gateway.port)
        let targets = [
            ("miss", Self.page), ("hit", Self.page), ("refused", "/v1/sessions?limit=0"), ("", "/v1/x"),
        ]

        for (name, target) in targets {
            let agent = name.isEmpty ? "" : "User-Agent: \(name)\r\n"
            client.send(gateway.request("GET", target, fields: agent))
            _ = client.answer()
        }
        client.send("nonsense\r\nUser-Agent: unread\r\n\r\n")
        _ = client.rest()

        let lines = try lines(of: gateway)
        #expect(lines.map { $0["user_agent"] } == ["miss", "hit", "refused", nil, nil])
        #expect(lines.map { $0["status"] } == ["200", "200", "400", "200", "400"])
        #expect(lines.allSatisfy { $0["tls"] == nil })
        upstream.stop()
    }

    @Test(arguments: [(TLS1_2_VERSION, "1.2"), (TLS1_3_VERSION, "1.3")])
    func theVersionOfTLSIsTold(version: Int32, number: String) throws {
        var options = GatewayUnderTest.Options()
        options.isSecure = true
        let gateway = try GatewayUnderTest(upstream: "http://127.0.0.1:9", options)
        var wishes = TLSClient.Wishes()
        wishes.maximumVersion = version
        let client = try RawConnection(port: gateway.port, secured: wishes)

        client.send(gateway.request("GET", "/nowhere"))
        let answer = client.answer()

        #expect(answer.status == 404)
        #expect(try lines(of: gateway).map { $0["tls"] } == [number])
    }

    @Test func stagesAreToldWhereTheExchangePassedThem() throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil { connection.send(Self.answer) }
        }
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        let client = try RawConnection(port: gateway.port)

        for _ in 0..<2 {
            client.send(gateway.request("GET", Self.page))
            _ = client.answer()
        }

        let stages = ["receive_us", "decide_us", "collapse_us", "upstream_us", "send_us"]
        let told = try lines(of: gateway).map { line in stages.filter { line[$0] != nil } }
        #expect(told == [["decide_us", "upstream_us"], []])
        upstream.stop()
    }

    @Test func aHeadInTwoPiecesTellsHowLongItTook() throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil { connection.send(Self.answer) }
        }
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        let client = try RawConnection(port: gateway.port)
        let request = gateway.request("GET", Self.page)

        gateway.begin(String(request.prefix(20)), on: client)
        client.send(String(request.dropFirst(20)))
        _ = client.answer()

        let lines = try lines(of: gateway)
        let (receive, whole) = (Int(lines[1]["receive_us"] ?? ""), Int(lines[1]["duration_us"] ?? ""))
        #expect(lines.count == 2)
        #expect(lines[0]["receive_us"] == nil)
        #expect(try #require(whole) >= #require(receive))
        upstream.stop()
    }

    @Test func whoFollowsAnothersFetchWaitsForItAndAsksNobody() throws {
        let (arrived, release) = (Gate(), Gate())
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                arrived.open()
                release.wait()
                connection.send(Self.answer)
            }
        }
        var options = GatewayUnderTest.Options()
        options.workers = 1
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)
        let (first, second) = (
            try RawConnection(port: gateway.port), try RawConnection(port: gateway.port)
        )

        first.send(gateway.request("GET", Self.page))
        arrived.wait()
        gateway.begin(gateway.request("GET", Self.page), on: second)
        release.open()
        _ = (first.answer(), second.answer())

        let lines = try lines(of: gateway)
        let leading = lines.first { $0["upstream_us"] != nil }
        let following = lines.first { $0["collapse_us"] != nil }
        #expect(leading?["collapse_us"] == nil && leading != nil)
        #expect(following?["upstream_us"] == nil && following?["decide_us"] != nil)
        upstream.stop()
    }

    @Test func anAnswerInPiecesTellsHowLongItTookToSend() throws {
        let release = Gate()
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npa")
            release.wait()
            connection.send("ge")
        }
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("GET", "/v1/export", fields: "Connection: close\r\n"))
        let head = client.head()
        release.open()
        let content = client.rest()

        #expect(head?.hasPrefix("HTTP/1.1 200 ") == true)
        #expect(content == Array("page".utf8))
        #expect(try lines(of: gateway)[0]["send_us"] != nil)
        upstream.stop()
    }
}
