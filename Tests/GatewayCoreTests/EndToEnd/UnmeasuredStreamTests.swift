import Testing

@testable import GatewayCore

/// Large answers of which nobody knows how long they will be reach all who wait for them while they arrive.
@Suite(.timeLimit(.minutes(3)))
struct UnmeasuredStreamTests {
    private static let page = "/v1/sessions?limit=100"

    typealias Form = UnmeasuredOrigin.Form
    typealias Fate = UnmeasuredOrigin.Fate
    typealias Origin = UnmeasuredOrigin
    private static let content = UnmeasuredOrigin.content
    private static let half = UnmeasuredOrigin.half

    private func gateway(
        _ upstream: ScriptedUpstream, cache: String = "", timeToLive: String = "30s", listRoute: String = ""
    ) throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.upstream = #", "circuit": { "failures": 0 }, "retry": { "count": 0 }"#
        options.cache = cache
        options.cacheTimeToLive = timeToLive
        options.listRoute = listRoute
        return try GatewayUnderTest(upstream: upstream.url, options)
    }

    private func begin(
        _ gateway: GatewayUnderTest, method: String = "GET", version: String = "1.1", fields: String = "",
        target: String = page, receiveBufferBytes: Int32? = nil
    ) throws -> RawConnection {
        let client = try RawConnection(port: gateway.port, receiveBufferBytes: receiveBufferBytes)
        let request = gateway.request(method, target, fields: fields)
        gateway.begin(request.replacing(" HTTP/1.1\r\n", with: " HTTP/\(version)\r\n"), on: client)
        return client
    }

    private func isWaitedFor(by count: Double, _ gateway: GatewayUnderTest) throws -> Bool {
        try eventually { try gateway.metric("kayle_gateway_requests_in_flight") == count }
    }

    private func refusals(_ gateway: GatewayUnderTest, _ reason: String) throws -> Double {
        try gateway.metric("kayle_gateway_refusals_total", #"reason="\#(reason)""#)
    }

    /// What there is of an answer while the upstream holds back the rest.
    private func beginning(_ client: RawConnection) -> (head: String, content: [UInt8]) {
        (client.head() ?? "", client.chunks(until: 65_536).content)
    }

    @Test(arguments: Form.allCases)
    func theBeginIsThereBeforeTheRestHasLeftTheUpstream(form: Form) throws {
        let origin = Origin(form: form)
        let gateway = try gateway(origin.upstream)
        let leader = try begin(gateway)
        let first = beginning(leader)
        let followers = try (0..<10).map { _ in try begin(gateway) }
        #expect(try isWaitedFor(by: 11, gateway))

        origin.release.open()
        let rest = leader.chunks()
        let answers = followers.map { $0.answer() }
        let hit = try gateway.ask("GET", Self.page)

        #expect(first.content.count >= 65_536)
        #expect(first.content + rest.content == Self.content && rest.isWhole)
        #expect(first.head.contains("Transfer-Encoding: chunked\r\n"))
        #expect(!first.head.contains("Content-Length") && !first.head.contains("ETag"))
        #expect(!first.head.contains("Content-Encoding"))
        #expect(
            first.head.contains("Cache-Status: kayle-gateway; fwd=uri-miss; fwd-status=200; detail=streamed"))
        #expect(answers.allSatisfy { $0.status == 200 && $0.isWhole && $0.body == Self.content })
        #expect(answers.allSatisfy { $0.value("Cache-Status")?.contains("; collapsed") == true })
        #expect(hit.body == Self.content && hit.value("Cache-Status")?.contains("; hit") == true)
        #expect(hit.value("ETag") != nil && hit.value("Content-Length") == "\(Self.content.count)")
        #expect(origin.upstream.requests.count == 1)
        #expect(try gateway.metric("kayle_gateway_requests_in_flight") == 0)
    }

    @Test(arguments: Form.allCases)
    func whoeverComesWhileItArrivesReadsAlongOnEveryWorker(form: Form) throws {
        let origin = Origin(form: form)
        let gateway = try gateway(origin.upstream)
        let clients = try (0..<20).map { _ in try begin(gateway) }

        let firsts = clients.map { beginning($0) }
        let other = try gateway.ask("GET", Self.page, tenant: "globex")
        origin.release.open()
        let rests = clients.map { $0.chunks() }

        #expect(firsts.allSatisfy { $0.content.count >= 65_536 })
        #expect(zip(firsts, rests).allSatisfy { $0.content + $1.content == Self.content && $1.isWhole })
        #expect(firsts.count { $0.head.contains("; collapsed; detail=streamed\r\n") } == 19)
        #expect(other.body == Self.content && other.value("Cache-Status")?.contains("collapsed") == false)
        #expect(origin.upstream.requests.count { $0.contains("Bearer kk_acme") } == 1)
        #expect(origin.upstream.requests.count { $0.contains("Bearer kk_globex") } == 1)
    }

    @Test(arguments: [
        (Form.chunked, Fate.closed), (.chunked, .reset), (.chunked, .withoutLastChunk),
        (.chunked, .misframed), (.gzip, .closed), (.gzip, .reset), (.gzip, .withWrongChecksum),
        (.gzipInChunks, .closed), (.gzipInChunks, .misframed), (.gzipInChunks, .withWrongChecksum),
        (.gzipInChunks, .cutGzip), (.gzipInChunks, .withoutLastChunk),
    ])
    func whatGoesWrongCutsOffAllWhoHaveBegunAndIsNotStored(form: Form, fate: Fate) throws {
        let origin = Origin(form: form, fate: fate)
        let gateway = try gateway(origin.upstream)
        let clients = try (0..<6).map { _ in try begin(gateway) }
        let firsts = clients.map { beginning($0) }
        // These want what is known only of a whole answer.
        let others = try [
            begin(gateway, fields: "If-None-Match: \"no\"\r\n"), begin(gateway, version: "1.0"),
            begin(gateway, method: "HEAD"),
        ]
        #expect(try isWaitedFor(by: 9, gateway))

        origin.release.open()
        let rests = clients.map { $0.chunks() }
        let refusals = others.map { $0.answer(to: $0 === others[2] ? "HEAD" : "GET") }
        let next = try gateway.ask("GET", Self.page)

        #expect(zip(firsts, rests).allSatisfy { Self.content.starts(with: $0.content + $1.content) })
        #expect(rests.allSatisfy { !$0.isWhole })
        #expect(clients.allSatisfy { $0.rest().isEmpty && $0.end != .timeout })
        #expect(refusals.allSatisfy { $0.status == 502 && $0.isWhole })
        #expect(next.body == Self.content && next.isWhole)
        #expect(next.value("Cache-Status")?.contains("fwd=uri-miss") == true)
        #expect(origin.upstream.requests.count == 2)
        #expect(try gateway.metric("kayle_gateway_requests_in_flight") == 0)
    }

    @Test(arguments: Form.allCases, [Fate.closed, .reset])
    func whatGoesWrongBeforeAnythingIsPassedOnIsACleanRefusal(form: Form, fate: Fate) throws {
        let origin = Origin(form: form, fate: fate, beginBytes: 30_000)
        let gateway = try gateway(origin.upstream)
        let clients = try (0..<6).map { _ in try begin(gateway) }
        #expect(try isWaitedFor(by: 6, gateway))

        origin.release.open()
        let answers = clients.map { $0.answer() }

        #expect(answers.allSatisfy { $0.status == 502 && $0.isWhole })
        #expect(try gateway.ask("GET", Self.page).body == Self.content)
        #expect(origin.upstream.requests.count == 2)
    }

    @Test func whoHasGotNothingIsGivenTheOldPage() throws {
        let release = Gate()
        let count = Progress()
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                count.add(1)
                if count.bytes == 1 {
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
                    continue
                }
                connection.send(Form.chunked.head([]))
                connection.send(Form.chunked.framed(Array(Self.content[..<Self.half])))
                release.wait()
                return
            }
        }
        defer { upstream.stop() }
        let gateway = try gateway(upstream, timeToLive: #"30s", "stale_if_error": "1h", "by": "tenant"#)
        _ = try gateway.ask("GET", Self.page)
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme", "soft": true}"#)
        let leader = try begin(gateway)
        let first = beginning(leader)
        let other = try begin(gateway, fields: "If-None-Match: \"no\"\r\n")
        #expect(try isWaitedFor(by: 2, gateway))

        release.open()
        let rest = leader.chunks()
        let answer = other.answer()

        #expect(Self.content.starts(with: first.content + rest.content) && !rest.isWhole)
        #expect(answer.text == "old")
        #expect(answer.value("Cache-Status")?.contains("detail=sie") == true)
    }

    @Test func whoWantsMoreThanTheBytesWaitsForTheWhole() throws {
        let origin = Origin()
        let gateway = try gateway(origin.upstream)
        let leader = try begin(gateway, version: "1.0")
        let others = try [
            begin(gateway), begin(gateway, fields: "If-None-Match: \"no\"\r\n"),
            begin(gateway, method: "HEAD"),
        ]
        let first = beginning(others[0])

        origin.release.open()
        let rest = others[0].chunks()
        let (old, conditional, head) = (leader.answer(), others[1].answer(), others[2].answer(to: "HEAD"))

        #expect(first.content + rest.content == Self.content && rest.isWhole)
        #expect(old.body == Self.content && old.value("Content-Length") == "\(Self.content.count)")
        #expect(old.value("ETag") != nil && old.value("Cache-Status")?.hasSuffix("; stored") == true)
        #expect(conditional.body == Self.content && conditional.value("ETag") != nil)
        #expect(head.status == 200 && head.value("Content-Length") == "\(Self.content.count)")
        #expect(origin.upstream.requests.count == 1)
    }

    @Test(arguments: [-1, 0, 1], [65_536, 262_144])
    func sizesAroundTheBoundsAreAllGivenWhole(difference: Int, bound: Int) throws {
        let content = Origin.content(bound + difference)
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                connection.send(Form.chunked.head([]))
                for start in stride(from: 0, to: content.count, by: 10_007) {
                    let piece = Array(content[start..<min(content.count, start + 10_007)])
                    connection.send(Form.chunked.framed(piece))
                }
                connection.send(Form.chunked.end)
            }
        }
        defer { upstream.stop() }
        let gateway = try gateway(upstream, cache: #", "maximum_entry": "256KiB""#)

        for round in 0..<5 {
            let clients = try (0..<4).map { _ in try begin(gateway, target: "/v1/sessions?limit=\(round + 1)")
            }
            let answers = clients.map { $0.answer() }
            #expect(answers.allSatisfy { $0.status == 200 && $0.isWhole && $0.body == content })
        }
        #expect(try gateway.metric("kayle_gateway_requests_in_flight") == 0)
    }

    @Test func theLeadersClientMayLeaveInTheMiddle() throws {
        let origin = Origin(form: .gzip)
        let gateway = try gateway(origin.upstream)
        let leader = try begin(gateway)
        _ = beginning(leader)
        let followers = try (0..<5).map { _ in try begin(gateway) }
        #expect(try isWaitedFor(by: 6, gateway))

        leader.reset()
        #expect(try eventually { try gateway.metric("kayle_gateway_connections") == 5 })
        origin.release.open()

        #expect(followers.allSatisfy { $0.answer().body == Self.content })
        #expect(try gateway.ask("GET", Self.page).value("Cache-Status")?.contains("; hit") == true)
        #expect(origin.upstream.requests.count == 1)
    }
}
