import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// A broken or hostile upstream, seen by the client of a whole gateway.
@Suite(.timeLimit(.minutes(2)))
struct UpstreamTests {
    private static let plain = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    private static let cached = "/v1/sessions"
    private static let passed = "/v1/reports"

    /// An upstream whose first answer is `bytes`, then the end of the connection if `ends`; later requests,
    /// on this or other connections, get "hello".
    private func upstream(_ bytes: String, ends: Bool = true) -> ScriptedUpstream {
        ScriptedUpstream { connection in
            guard connection.readHead() != nil else { return }
            if connection.number == 1 {
                connection.send(bytes)
                if ends { return }
            } else {
                connection.send(Self.plain)
            }
            while connection.readHead() != nil { connection.send(Self.plain) }
        }
    }

    // MARK: Broken answers

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nhalf",
    ])
    func onACachedRouteABrokenAnswerIsAClean502(bytes: String) throws {
        let upstream = upstream(bytes)
        let gateway = try GatewayUnderTest(upstream: upstream.url)

        let answer = try gateway.ask("GET", Self.cached)
        let next = try gateway.ask("GET", Self.cached)

        #expect(answer.status == 502)
        #expect(answer.isWhole)
        #expect(answer.value("Proxy-Status")?.hasSuffix("; error=http_response_incomplete") == true)
        #expect(!answer.text.contains("half"))
        #expect(next.text == "hello")
        upstream.stop()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nhalf",
    ])
    func onAPassedRouteABrokenAnswerNeverLooksWhole(bytes: String) throws {
        let upstream = upstream(bytes)
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("GET", Self.passed))
        let answer = client.answer()

        // When head and end come in one turn the gateway may still refuse cleanly; it may never pretend.
        #expect(answer.status == 502 || !answer.isWhole)
        if answer.status == 200 { #expect(client.end != nil) }
        let next = try gateway.ask("GET", Self.passed)
        #expect(next.text == "hello")
        upstream.stop()
    }

    @Test func contentUntilTheUpstreamClosesEndsTheClientsConnectionToo() throws {
        let upstream = upstream("HTTP/1.1 200 OK\r\n\r\nall there is")
        let gateway = try GatewayUnderTest(upstream: upstream.url)

        let answer = try gateway.ask("GET", Self.passed)

        #expect(answer.text == "all there is")
        #expect(answer.value("Connection") == "close")
        #expect(answer.value("Transfer-Encoding") == nil)
        upstream.stop()
    }

    @Test(arguments: UpstreamHazardTests.badAnswers.filter { !$0.bytes.isEmpty })
    func doubtfulFramingIsA502ThatNamesTheReasonOnBothKindsOfRoute(bad: UpstreamHazardTests.Bad) throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil { if !connection.send(Array(bad.bytes.utf8)) { return } }
        }
        let breaksOff = bad.failure == .responseIncomplete || bad.failure == .connectionClosed
        let breaking = ScriptedUpstream { connection in
            connection.readHead()
            connection.send(bad.bytes)
        }
        let gateway = try GatewayUnderTest(upstream: breaksOff ? breaking.url : upstream.url)

        let fromCache = try gateway.ask("GET", Self.cached)
        let passedOn = try gateway.ask("GET", Self.passed)

        #expect(fromCache.status == 502 && fromCache.isWhole)
        #expect(
            fromCache.values("Proxy-Status").map { $0.hasSuffix("; error=\(bad.failure.proxyError)") } == [
                true
            ])
        #expect(passedOn.status == 502 || !passedOn.isWhole)
        #expect(!fromCache.text.contains("secret") && !passedOn.text.contains("secret"))
        upstream.stop()
        breaking.stop()
    }

    // MARK: Interim answers and late bytes

    @Test func earlyHintsAreReadAndOnAPassedRoutePassedOn() throws {
        let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil { connection.send(hints + Self.plain) }
        }
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("GET", Self.passed))
        let interim = client.answer()
        let final = client.answer()

        #expect(interim.status == 103)
        #expect(interim.values("Link") == ["</a.css>; rel=preload"])
        #expect(final.text == "hello")
        #expect(try gateway.ask("GET", Self.cached).text == "hello")
        upstream.stop()
    }

    @Test(arguments: [cached, passed])
    func bytesBehindAnAnswerNeverReachTheNextClient(target: String) throws {
        let stolen = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                connection.send(Self.plain + (connection.number == 1 ? stolen : ""))
            }
        }
        var options = GatewayUnderTest.Options()
        options.workers = 1
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)

        for tenant in ["acme", "globex", "acme", "globex"] {
            let answer = try gateway.ask("GET", "\(target)?limit=\(tenant.utf8.count)", tenant: tenant)
            #expect(!answer.text.contains("stolen"))
        }
        upstream.stop()
    }

    @Test func bytesThatComeLaterOnAnIdleConnectionSpoilItOnly() throws {
        let (gate, sent) = (Gate(), Gate())
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send(Self.plain)
            if connection.number == 1 {
                gate.wait()
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen")
                sent.open()
            }
            while connection.readHead() != nil { connection.send(Self.plain) }
        }
        var options = GatewayUnderTest.Options()
        options.workers = 1
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)
        #expect(try gateway.ask("GET", Self.passed).text == "hello")

        gate.open()
        sent.wait()

        for _ in 0..<5 { #expect(try gateway.ask("GET", Self.passed, tenant: "globex").text == "hello") }
        #expect(upstream.connectionCount == 2)
        upstream.stop()
    }

    // MARK: Timeouts, refusals, second tries

    @Test func anUpstreamThatDoesNotBeginInTimeIsA504() throws {
        let upstream = ScriptedUpstream { connection in while connection.readHead() != nil {} }
        var options = GatewayUnderTest.Options()
        options.upstream = #", "first_byte_timeout": "100ms""#
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)

        for target in [Self.cached, Self.passed] {
            let answer = try gateway.ask("GET", target)
            #expect(answer.status == 504)
            #expect(answer.value("Proxy-Status")?.hasSuffix("error=http_response_timeout") == true)
        }
        upstream.stop()
    }

    @Test func anAnswerThatStallsIsBrokenOffWhenItsTimeIsUp() throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            }
        }
        var options = GatewayUnderTest.Options()
        options.upstream =
            #", "first_byte_timeout": "200ms", "connect_timeout": "200ms", "total_timeout": "300ms""#
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)

        let whole = try gateway.ask("GET", Self.cached)
        let broken = try gateway.ask("GET", Self.passed)

        #expect(whole.status == 504 && whole.isWhole)
        #expect(broken.status == 200 && !broken.isWhole)
        upstream.stop()
    }

    @Test func aSafeRequestOnADeadPooledConnectionIsSentTwiceAndAWriteOnce() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send(Self.plain)
            // Takes the next request and closes without a word.
            connection.readHead()
        }
        var options = GatewayUnderTest.Options()
        options.workers = 1
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)
        func count(_ text: String) -> Int { upstream.requests.filter { $0.hasPrefix(text) }.count }

        #expect(try gateway.ask("GET", "/v1/first").text == "hello")
        #expect(try gateway.ask("GET", "/v1/second").text == "hello")
        let write = try gateway.ask("POST", "/v1/third")

        #expect(count("GET /v1/second") == 2)
        #expect(write.status == 502)
        #expect(write.value("Proxy-Status")?.hasSuffix("error=connection_terminated") == true)
        #expect(count("POST /v1/third") == 1)
        upstream.stop()
    }

    @Test func aFreshConnectionThatDiesIsTriedAsOftenAsToldAndForAWriteNever() throws {
        let upstream = ScriptedUpstream { $0.readHead() }
        var options = GatewayUnderTest.Options()
        options.upstream = #", "retry": { "count": 2 }"#
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)

        #expect(try gateway.ask("GET", Self.passed).status == 502)
        #expect(upstream.requests.count == 3)
        #expect(try gateway.ask("POST", Self.passed).status == 502)
        #expect(upstream.requests.count == 4)
        upstream.stop()
    }

    @Test func aClientThatLeavesEndsTheUpstreamTransfer() throws {
        let (began, ended) = (Gate(), Mark())
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            began.open()
            if connection.readsEnd() { ended.set() }
        }
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        var client: RawConnection? = try RawConnection(port: gateway.port)
        client?.send(gateway.request("GET", Self.passed))
        began.wait()

        _ = client.take()

        #expect(eventually { ended.isSet })
        upstream.stop()
    }

    /// An upstream that holds its first answer back.
    private func holdingBack(_ began: Gate, _ mayAnswer: Gate) -> ScriptedUpstream {
        ScriptedUpstream { connection in
            connection.readHead()
            began.open()
            mayAnswer.wait()
            connection.send(plainAnswer)
            if connection.readHead() != nil { connection.send(plainAnswer) }
        }
    }

    @Test func aRequestThatComesWhileTheOneBeforeWaitsIsAnsweredAfterIt() throws {
        let (began, mayAnswer) = (Gate(), Gate())
        let upstream = holdingBack(began, mayAnswer)
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        let client = try RawConnection(port: gateway.port)
        client.send(gateway.request("GET", Self.passed))
        began.wait()

        client.send(gateway.request("GET", Self.passed))
        mayAnswer.open()

        #expect(client.answer().text == "hello")
        #expect(client.answer().text == "hello")
        #expect(upstream.requests.count == 2)
        upstream.stop()
    }

    @Test func aClientThatSendsSomethingMoreAndThenLeavesIsGoneToo() throws {
        let (began, ended) = (Gate(), Mark())
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            began.open()
            if connection.readsEnd() { ended.set() }
        }
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        var client: RawConnection? = try RawConnection(port: gateway.port)
        client?.send(gateway.request("GET", Self.passed))
        began.wait()

        client?.send(gateway.request("GET", Self.passed))
        _ = client.take()

        #expect(eventually { ended.isSet })
        upstream.stop()
    }
}
