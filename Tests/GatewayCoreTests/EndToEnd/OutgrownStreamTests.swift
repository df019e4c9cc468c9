import Testing

@testable import GatewayCore

/// Answers that turn out to be larger than what may be stored while clients read along: whoever has got some
/// gets the rest, at the pace of the one that fetches, and whoever has got nothing asks for itself.
@Suite(.timeLimit(.minutes(3)), .serialized)
struct OutgrownStreamTests {
    typealias Form = UnmeasuredOrigin.Form
    private static let page = "/v1/sessions?limit=100"
    private static let pieceBytes = 65_536
    private static let large = UnmeasuredOrigin.content(40 * pieceBytes)
    private static let begin = 2 * pieceBytes

    private func gateway(_ upstream: ScriptedUpstream, listRoute: String = "") throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.upstream = #", "circuit": { "failures": 0 }, "retry": { "count": 0 }"#
        options.cache = #", "maximum_entry": "256KiB""#
        options.cacheTimeToLive = "30s\"\(listRoute), \"by\": \"tenant"
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

    private func beginning(_ client: RawConnection) -> (head: String, content: [UInt8]) {
        (client.head() ?? "", client.chunks(until: Self.begin).content)
    }

    private func isWaitedFor(by count: Double, _ gateway: GatewayUnderTest) throws -> Bool {
        try eventually { try gateway.metric("kayle_gateway_requests_in_flight") == count }
    }

    private func refusals(_ gateway: GatewayUnderTest, _ reason: String) throws -> Double {
        try gateway.metric("kayle_gateway_refusals_total", #"reason="\#(reason)""#)
    }

    /// Sends the first answer piece by piece, each when the test lets it, as many as there are or fewer, and
    /// all others at once.
    private static func stepwise(_ step: Gate, pieces: Int = .max) -> ScriptedUpstream {
        let count = Progress()
        return ScriptedUpstream { connection in
            while connection.readHead() != nil {
                count.add(1)
                let isFirst = count.bytes == 1
                connection.send(Form.chunked.head([]))
                for start in stride(from: 0, to: large.count, by: pieceBytes) {
                    if isFirst, start >= begin { step.wait() }
                    if isFirst, start >= begin, start / pieceBytes >= pieces { return }
                    guard connection.send(Form.chunked.framed(Array(large[start..<(start + pieceBytes)])))
                    else { return }
                }
                connection.send(Form.chunked.end)
            }
        }
    }

    /// Lets pieces come one by one: nobody is ever further behind than one. What the clients are given.
    private func walk(_ count: Int, _ step: Gate, _ clients: [RawConnection]) -> [[UInt8]] {
        var contents = clients.map { _ in [UInt8]() }
        for _ in 0..<count {
            step.open()
            for index in clients.indices {
                contents[index] += clients[index].chunks(until: Self.pieceBytes).content
            }
        }
        return contents
    }

    @Test func thoseWhoKeepUpGetAllOfItAndTheOthersAskForThemselves() throws {
        let step = Gate()
        let upstream = Self.stepwise(step)
        defer { upstream.stop() }
        let gateway = try gateway(upstream)
        let clients = try (0..<6).map { _ in try begin(gateway) }
        let firsts = clients.map { beginning($0).content }
        let others = try [
            begin(gateway, fields: "If-None-Match: \"no\"\r\n"), begin(gateway, version: "1.0"),
        ]
        #expect(try isWaitedFor(by: 8, gateway))

        let contents = walk(38, step, clients)
        let ends = clients.map { $0.chunks() }
        let answers = others.map { $0.answer() }

        #expect(zip(firsts, contents).allSatisfy { $0 + $1 == Self.large })
        #expect(ends.allSatisfy { $0.isWhole && $0.content.isEmpty })
        #expect(answers.allSatisfy { $0.status == 200 && $0.isWhole && $0.body == Self.large })
        #expect(upstream.requests.count == 3)
        let next = try gateway.ask("GET", Self.page)
        #expect(next.body == Self.large && next.isWhole)
        #expect(next.value("Cache-Status")?.contains("fwd=uri-miss") == true)
        #expect(upstream.requests.count == 4)
        #expect(try gateway.metric("kayle_gateway_requests_in_flight") == 0)
        #expect(try refusals(gateway, "stream_outrun") == 0)
    }

    @Test func whatHasOutgrownOnceIsFetchedByEverybodyForItselfAndNobodyIsCutOff() throws {
        let step = Gate()
        let upstream = Self.stepwise(step)
        defer { upstream.stop() }
        let gateway = try gateway(upstream)
        let first = try begin(gateway)
        _ = beginning(first)
        _ = walk(38, step, [first])
        #expect(first.chunks().isWhole)

        // One of them reads nothing for as long as the others take.
        let slow = try begin(gateway, receiveBufferBytes: 4_096)
        let quick = try (0..<4).map { _ in try begin(gateway) }
        let answers = quick.map { $0.answer() }
        let last = slow.answer()

        #expect((answers + [last]).allSatisfy { $0.isWhole && $0.body == Self.large })
        #expect(upstream.requests.count == 6)
        #expect(try refusals(gateway, "stream_outrun") == 0)
    }

    /// An upstream whose answer is far larger than what lies between it and a client that does not read.
    private static func huge(_ sent: Progress, release: Gate, bytes: Int, form: Form) -> ScriptedUpstream {
        let content = Array((0..<(bytes / large.count)).map { _ in large }.joined())
        let coded = form.coded(content)
        return ScriptedUpstream { connection in
            connection.useFixedBuffers()
            guard connection.readHead() != nil else { return }
            connection.send(form.head(coded))
            for start in stride(from: 0, to: coded.count, by: pieceBytes) {
                if start == 4 * pieceBytes { release.wait() }
                let piece = Array(coded[start..<min(coded.count, start + pieceBytes)])
                guard connection.send(form.framed(piece)) else { return }
                sent.add(piece.count)
            }
            connection.send(form.end)
        }
    }

    private static func isPrefixOfHuge(_ content: [UInt8]) -> Bool {
        stride(from: 0, to: content.count, by: large.count).allSatisfy {
            large.starts(with: content[$0..<min(content.count, $0 + large.count)])
        }
    }

    @Test(arguments: [Form.chunked, .gzip])
    func whoFallsTooFarBehindIsCutOffAndHoldsNobodyBack(form: Form) throws {
        let (sent, release) = (Progress(), Gate())
        let upstream = Self.huge(sent, release: release, bytes: 8 * Self.large.count, form: form)
        defer { upstream.stop() }
        let gateway = try gateway(upstream)
        let leader = try begin(gateway)
        var content = beginning(leader).content
        let slow = try begin(gateway, receiveBufferBytes: 65_536)
        let slowBegin = beginning(slow).content
        #expect(try isWaitedFor(by: 2, gateway))

        release.open()
        let rest = leader.chunks()
        content += rest.content
        let slowRest = slow.chunks()

        #expect(rest.isWhole && content.count == 8 * Self.large.count && Self.isPrefixOfHuge(content))
        #expect(!slowRest.isWhole && Self.isPrefixOfHuge(slowBegin + slowRest.content))
        #expect(slow.rest().isEmpty && slow.end != .timeout)
        #expect(try eventually { try refusals(gateway, "stream_outrun") == 1 })
        #expect(try gateway.metric("kayle_gateway_requests_in_flight") == 0)
    }

    @Test func theClientThatFetchesHoldsTheUpstreamBackAndGetsEverything() throws {
        let (sent, release) = (Progress(), Gate())
        let upstream = Self.huge(sent, release: release, bytes: 8 * Self.large.count, form: .chunked)
        defer { upstream.stop() }
        let gateway = try gateway(upstream)
        let leader = try begin(gateway, receiveBufferBytes: 65_536)
        var content = beginning(leader).content
        let follower = try begin(gateway)
        var along = beginning(follower).content
        #expect(try isWaitedFor(by: 2, gateway))

        release.open()
        let standstill = try sent.standstill(of: gateway)
        along += follower.chunks(until: 2 * Self.pieceBytes).content
        let rest = leader.chunks()
        content += rest.content

        #expect(standstill < 12 * 1_048_576, "held \(standstill) bytes")
        #expect(rest.isWhole && content.count == 8 * Self.large.count && Self.isPrefixOfHuge(content))
        #expect(along.count >= 4 * Self.pieceBytes && Self.isPrefixOfHuge(along))
    }

    @Test(arguments: [true, false])
    func whenTheClientThatFetchesLeavesTheOthersAreCutOff(leavesBefore: Bool) throws {
        let step = Gate()
        let upstream = Self.stepwise(step)
        defer { upstream.stop() }
        let gateway = try gateway(upstream)
        let leader = try begin(gateway)
        _ = beginning(leader)
        let followers = try (0..<5).map { _ in try begin(gateway) }
        let firsts = followers.map { beginning($0).content }
        let other = try begin(gateway, fields: "If-None-Match: \"no\"\r\n")
        #expect(try isWaitedFor(by: 7, gateway))

        // Four pieces are as much as may be stored.
        let contents = walk(leavesBefore ? 2 : 6, step, [leader] + followers).dropFirst()
        leader.reset()
        #expect(try eventually { try gateway.metric("kayle_gateway_connections") <= 6 })
        for _ in 0..<36 { step.open() }
        let rests = followers.map { $0.chunks() }

        for (index, content) in contents.enumerated() {
            #expect(Self.large.starts(with: firsts[index] + content + rests[index].content))
        }
        #expect(rests.allSatisfy { !$0.isWhole })
        #expect(followers.allSatisfy { $0.rest().isEmpty && $0.end != .timeout })
        #expect(other.answer().body == Self.large)
        #expect(try eventually { try refusals(gateway, "stream_abandoned") == 5 })
        #expect(try isWaitedFor(by: 0, gateway))
    }

    /// A client that wants no content, and one that wants a part of the page, set no pace.
    @Test(arguments: ["HEAD", "widened"])
    func whereTheFetchWasForSomethingElseTheOthersAreCutOff(kind: String) throws {
        let step = Gate()
        let upstream = Self.stepwise(step)
        defer { upstream.stop() }
        let gateway = try gateway(upstream, listRoute: kind == "widened" ? #", "widen": 100"# : "")
        let leader =
            try kind == "HEAD"
            ? begin(gateway, method: "HEAD") : begin(gateway, target: "/v1/sessions?limit=5")
        let follower = try begin(gateway)
        let first = beginning(follower)

        for _ in 0..<38 { step.open() }
        let rest = follower.chunks()
        let answer = leader.answer(to: kind == "HEAD" ? "HEAD" : "GET")

        #expect(!rest.isWhole && Self.large.starts(with: first.content + rest.content))
        #expect(answer.status == 200 && answer.isWhole)
        #expect(kind == "HEAD" || answer.body == Self.large)
        #expect(try eventually { try refusals(gateway, "stream_abandoned") == 1 })
        #expect(try isWaitedFor(by: 0, gateway))
    }

    @Test func aClientOfHTTP10ThatFetchesGetsItUntilTheEndOfTheConnection() throws {
        let step = Gate()
        let upstream = Self.stepwise(step)
        defer { upstream.stop() }
        let gateway = try gateway(upstream)
        let leader = try begin(gateway, version: "1.0")
        let follower = try begin(gateway)
        let first = beginning(follower)

        for _ in 0..<38 { step.open() }
        let answer = leader.answer()

        #expect(answer.status == 200 && answer.isWhole && answer.body == Self.large)
        #expect(answer.value("Content-Length") == nil && answer.value("Transfer-Encoding") == nil)
        #expect(answer.value("Cache-Status")?.hasSuffix("detail=too-large") == true)
        #expect(Self.large.starts(with: first.content + follower.chunks().content))
    }

    @Test func anUpstreamThatBreaksOffCutsOffAllWhoReadAlong() throws {
        let step = Gate()
        let upstream = Self.stepwise(step, pieces: 8)
        defer { upstream.stop() }
        let gateway = try gateway(upstream)
        let clients = try (0..<4).map { _ in try begin(gateway) }
        let firsts = clients.map { beginning($0).content }

        let middles = walk(6, step, clients)
        step.open()
        let rests = clients.map { $0.chunks() }

        #expect(zip(firsts, middles).allSatisfy { $0 + $1 == Array(Self.large[..<(8 * Self.pieceBytes)]) })
        #expect(rests.allSatisfy { !$0.isWhole && $0.content.isEmpty })
        #expect(try eventually { try refusals(gateway, "http_response_incomplete") == 4 })
        #expect(try isWaitedFor(by: 0, gateway))
    }
}
