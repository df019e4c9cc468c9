import COpenSSL
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// TLS as clients meet it: real sockets, OpenSSL's client, and the curl and openssl of the machine.
@Suite(.timeLimit(.minutes(2)))
struct TLSTests {
    private let standIn: RunningStandIn

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [
                .init(name: "acme", keys: ["kk_acme"]), .init(name: "globex", keys: ["kk_globex"]),
            ]))
    }

    private func gateway(_ change: (inout GatewayUnderTest.Options) -> Void = { _ in }) throws
        -> GatewayUnderTest
    {
        var options = GatewayUnderTest.Options()
        options.workers = 1
        options.isSecure = true
        change(&options)
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    private func ask(_ client: RawConnection, _ gateway: GatewayUnderTest) -> RawConnection.Answer {
        client.send(gateway.request("GET", "/v1/sessions?limit=3"))
        return client.answer()
    }

    private func curl(_ gateway: GatewayUnderTest, _ options: [String]) throws -> Program.Finished {
        try Program.run(
            "curl",
            ["-sS", "--max-time", "20", "--cacert", "\(gateway.folder)/gateway.pem"] + options + [
                "-H", "Authorization: Bearer \(gateway.token("acme"))",
                "https://127.0.0.1:\(gateway.port)/v1/sessions?limit=3",
            ])
    }

    private func openssl(_ gateway: GatewayUnderTest, _ options: [String], input: String) throws
        -> Program.Finished
    {
        try Program.run(
            "openssl",
            [
                "s_client", "-connect", "127.0.0.1:\(gateway.port)", "-CAfile",
                "\(gateway.folder)/gateway.pem", "-verify_return_error", "-ign_eof",
            ] + options, input: input)
    }

    // MARK: Versions and protocols

    @Test(arguments: [(["--tls-max", "1.2"], "TLSv1.2"), (["--tlsv1.3"], "TLSv1.3")])
    func curlGetsThePageOverBothVersions(options: [String], name: String) throws {
        let gateway = try gateway()
        let truth = standIn.truth("/v1/sessions?limit=3", key: "kk_acme")

        let fetched = try curl(gateway, options + ["-v"])

        #expect(fetched.status == 0, "\(fetched.errors)")
        #expect(Array(fetched.output.utf8) == truth.body)
        #expect(fetched.errors.contains("SSL connection using \(name)"))
        #expect(fetched.errors.contains("server accepted") && fetched.errors.contains("http/1.1"))
        #expect(fetched.errors.contains("< HTTP/1.1 200 OK"))
    }

    @Test(arguments: ["-tls1", "-tls1_1"]) func olderVersionsAreRefusedWithAnAlert(version: String) throws {
        let gateway = try gateway()

        let refused = try openssl(gateway, [version, "-cipher", "DEFAULT@SECLEVEL=0"], input: "")

        #expect(refused.status != 0)
        #expect(refused.errors.contains("alert protocol version"), "\(refused.errors)")
        #expect(try gateway.metric("kayle_gateway_handshakes_total", #"result="failed""#) == 1)
    }

    @Test func theProtocolIsHTTP11OrThereIsNoConnection() throws {
        let gateway = try gateway()
        let (h2, http11) = ([2] + Array("h2".utf8), [8] + Array("http/1.1".utf8))

        for offered in [http11, h2 + http11, []] {
            let client = try RawConnection(port: gateway.port, secured: .init(protocols: offered))
            #expect(client.tls?.chosenProtocol == (offered.isEmpty ? "" : "http/1.1"))
            #expect(ask(client, gateway).status == 200)
        }
        let failure = #expect(throws: TLSClient.Failure.self) {
            try RawConnection(port: gateway.port, secured: .init(protocols: h2))
        }
        #expect(failure?.reason.contains("no application protocol") == true)
    }

    // MARK: Resumption

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func aSessionResumesOnEveryWorker(version: Int32) throws {
        let gateway = try gateway { $0.workers = 2 }
        let first = try RawConnection(port: gateway.port, secured: .init(maximumVersion: version))
        _ = ask(first, gateway)
        let session = try #require(try first.tls?.session())
        #expect(first.tls?.isResumed == false)

        // Connections that stay open are spread evenly over the workers.
        var workers: Set<Substring> = []
        var open: [RawConnection] = []
        for _ in 0..<32 {
            let wishes = TLSClient.Wishes(maximumVersion: version, session: session)
            let client = try RawConnection(port: gateway.port, secured: wishes)
            let answer = ask(client, gateway)
            #expect(client.tls?.isResumed == true && answer.status == 200)
            // Each worker begins its request identifiers with a prefix of its own.
            workers.insert(answer.value("X-Request-Id")?.split(separator: "-").first ?? "")
            open.append(client)
        }

        #expect(workers.count == 2 && open.count == 32)
        #expect(try gateway.metric("kayle_gateway_handshakes_total", #"result="resumed""#) == 32)
        #expect(try gateway.metric("kayle_gateway_handshakes_total", #"result="full""#) == 1)
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func opensslResumesItsSession(version: String) throws {
        let gateway = try gateway { $0.workers = 2 }
        let file = "\(gateway.folder)/session.pem"
        let request = gateway.request("GET", "/v1/sessions", fields: "Connection: close\r\n")

        let first = try openssl(gateway, [version, "-sess_out", file], input: request)
        let second = try openssl(gateway, [version, "-sess_in", file], input: request)

        #expect(first.output.contains("New, TLSv1") && first.output.contains("HTTP/1.1 200 OK"))
        #expect(second.output.contains("Reused, TLSv1") && second.output.contains("HTTP/1.1 200 OK"))
        #expect(second.output.contains("Verify return code: 0 (ok)"))
    }

    // MARK: What is not let in

    @Test func aClientCannotRenegotiate() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port, secured: .init(maximumVersion: TLS1_2_VERSION))
        #expect(ask(client, gateway).status == 200)

        let tls = try #require(client.tls)
        let hasRenegotiated = tls.renegotiate()

        #expect(!hasRenegotiated)
        #expect(tls.failure.contains("no renegotiation"), "\(tls.failure)")
        #expect(try gateway.metric("kayle_gateway_handshakes_total", #"result="full""#) == 1)
        let other = try RawConnection(port: gateway.port, secured: .init())
        #expect(ask(other, gateway).status == 200)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "SSH-2.0-client\r\n", "\u{16}\u{3}\u{1}\u{0}\u{5}abcdef",
    ])
    func whatIsNoTLSGetsNoAnswerInHTTP(bytes: String) throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port)

        client.send(bytes)
        let rest = client.rest()

        #expect(client.end == .closed || client.end == .reset)
        #expect(!String(decoding: rest, as: UTF8.self).contains("HTTP/"))
        #expect(try gateway.metric("kayle_gateway_handshakes_total", #"result="failed""#) == 1)
        #expect(try eventually { try gateway.metric("kayle_gateway_connections") == 0 })
        #expect(standIn.control.requestCount == 0)
    }

    @Test(arguments: [0, 3, 5, 40]) func aHandshakeThatDoesNotEndIsEnded(sentBytes: Int) throws {
        let gateway = try gateway { $0.listenerLimits = #", "handshake_timeout": "150ms""# }
        let client = try RawConnection(port: gateway.port)

        client.send(Array(Self.hello.prefix(sentBytes)))
        let rest = client.rest()

        #expect(rest.isEmpty)
        #expect(client.end == .closed || client.end == .reset)
        #expect(try gateway.metric("kayle_gateway_refusals_total", #"reason="handshake_timeout""#) == 1)
        #expect(try eventually { try gateway.metric("kayle_gateway_connections") == 0 })
    }

    @Test func aHalfHandshakeThatDisappearsLeavesNothingBehind() throws {
        let gateway = try gateway()
        let staying = try RawConnection(port: gateway.port, secured: .init())
        for sentBytes in stride(from: 1, through: Self.hello.count, by: 7) {
            let orderly = try RawConnection(port: gateway.port)
            orderly.send(Array(Self.hello.prefix(sentBytes)))
            let abrupt = try RawConnection(port: gateway.port)
            abrupt.send(Array(Self.hello.prefix(sentBytes)))
            abrupt.reset()
        }

        let isOne = try eventually { try gateway.metric("kayle_gateway_connections") == 1 }
        let count = try gateway.metric("kayle_gateway_connections")
        #expect(isOne, "\(count) connections")
        #expect(ask(staying, gateway).status == 200)
    }

    @Test func aForgedRecordEndsTheConnectionAndNothingOfItIsRead() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port, secured: .init())
        #expect(ask(client, gateway).status == 200)

        client.sendRaw([0x17, 3, 3, 0, 40] + [UInt8](repeating: 0x61, count: 40))
        let rest = client.rest()

        #expect(rest.isEmpty && client.end != .timeout)
        #expect(standIn.control.requestCount == 1)
        #expect(try eventually { try gateway.metric("kayle_gateway_connections") == 0 })
    }

    /// The first record of a handshake as a client would send it, if it went on.
    private static let hello: [UInt8] =
        [0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3] + [UInt8](repeating: 7, count: 60)

    // MARK: Content and ends

    @Test func theLastAnswerIsFollowedByAGoodbye() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port, secured: .init())

        client.send(gateway.request("GET", "/v1/sessions", fields: "Connection: close\r\n"))
        let answer = client.answer()
        let rest = client.rest()

        #expect(answer.status == 200 && answer.isWhole)
        #expect(rest.isEmpty && client.end == .closed)
    }

    @Test func aClientThatSaysGoodbyeIsAnsweredWithOne() throws {
        let gateway = try gateway()
        let client = try RawConnection(port: gateway.port, secured: .init())
        #expect(ask(client, gateway).status == 200)

        client.tls?.sayGoodbye()
        let rest = client.rest()

        #expect(rest.isEmpty && client.end == .closed)
        #expect(try eventually { try gateway.metric("kayle_gateway_connections") == 0 })
    }

    @Test func anAnswerThatBrokeOffEndsWithoutAGoodbye() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it")
        }
        var options = GatewayUnderTest.Options()
        options.isSecure = true
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)
        let client = try RawConnection(port: gateway.port, secured: .init())

        client.send(gateway.request("GET", "/v1/other"))
        let answer = client.answer()

        #expect(!answer.isWhole)
        #expect(client.end == .cut || client.end == .reset)
        upstream.stop()
    }

    /// Larger than a TLS record, than a turn's output and than the pipe behind the encryption.
    @Test(arguments: [100_000, 300_000, 1_500_000])
    func aLargePageComesWholeAsAMissAndAsAHit(bytes: Int) throws {
        let page = "{\"data\":[\"" + String(repeating: "0123456789", count: bytes / 10) + "\"]}"
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(page.utf8.count)\r\n\r\n"
                )
                connection.send(page)
            }
        }
        var options = GatewayUnderTest.Options()
        options.isSecure = true
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)
        let client = try RawConnection(port: gateway.port, secured: .init())

        let (miss, hit) = (ask(client, gateway), ask(client, gateway))
        client.send(String(repeating: gateway.request("GET", "/v1/sessions?limit=3"), count: 3))
        let pipelined = (0..<3).map { _ in client.answer() }

        #expect(miss.isWhole && miss.text == page)
        #expect(hit.value("Cache-Status")?.contains("hit") == true)
        #expect(([hit] + pipelined).allSatisfy { $0.isWhole && $0.text == page })
        #expect(upstream.requests.count == 1)
        upstream.stop()
    }

    @Test func aLargeUploadComesWholeThroughManyRecords() throws {
        let content = String(repeating: "0123456789abcdef", count: 30_000)
        let received = Received()
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            received.set(connection.read(content.utf8.count))
            connection.send("HTTP/1.1 204 No Content\r\n\r\n")
        }
        var options = GatewayUnderTest.Options()
        options.isSecure = true
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)
        let client = try RawConnection(port: gateway.port, secured: .init())

        client.send(
            gateway.request("POST", "/v1/import", fields: "Content-Length: \(content.utf8.count)\r\n")
                + content)
        let answer = client.answer(to: "POST")

        #expect(answer.status == 204)
        #expect(received.bytes == Array(content.utf8))
        upstream.stop()
    }
}
