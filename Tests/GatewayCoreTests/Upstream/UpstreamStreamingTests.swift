import HTTPModel
import Testing

@testable import GatewayCore

/// Content in both directions: whole, in bounded memory, and never short without being noticed.
struct UpstreamStreamingTests {
    private static let megabytes = 10 * 1_048_576

    /// Bytes that repeat with a prime period, so that no piece of a round size can take another's place.
    private static func pattern(_ count: Int) -> [UInt8] {
        let period = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + period.count)
        while bytes.count < count { bytes.append(contentsOf: period) }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    @Test(arguments: [ContentFraming.length(UInt64(megabytes)), .chunked, .untilClose])
    func aSlowConsumerGetsEveryByteInBoundedMemory(framing: ContentFraming) throws {
        let content = Self.pattern(Self.megabytes)
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            switch framing {
            case .chunked:
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for start in stride(from: 0, to: content.count, by: 1_000_000) {
                    let piece = content[start..<min(start + 1_000_000, content.count)]
                    connection.send(String(piece.count, radix: 16) + "\r\n")
                    connection.send(Array(piece))
                    connection.send("\r\n")
                }
                connection.send("0\r\n\r\n")
            case .length, .none:
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(content.count)\r\n\r\n")
                connection.send(content)
            case .untilClose:
                connection.send("HTTP/1.1 200 OK\r\n\r\n")
                connection.send(content)
            }
        }
        let harness = UpstreamHarness(url: upstream.url)
        let transfer = try harness.start()
        var taken: [UInt8] = []
        var largest = 0
        var pauseCount = 0

        let isWhole = harness.run(limit: .seconds(30)) {
            largest = max(largest, transfer.received.count)
            if transfer.received.count >= 262_144 { pauseCount += 1 }
            // Takes nothing until the mark is reached, then everything at once: the slowest rhythm there is.
            if transfer.received.count >= 262_144 || transfer.isOver {
                unsafe transfer.received.withUnsafeBytes { unsafe taken.append(contentsOf: $0) }
                transfer.received.consume(transfer.received.count)
                transfer.didConsume()
            }
            return transfer.isOver && transfer.received.isEmpty
        }

        #expect(isWhole)
        #expect(transfer.phase == .complete(framing))
        #expect(taken == content)
        #expect(pauseCount > 10)
        #expect(largest < 262_144 + 16_384)
        upstream.stop()
    }

    @Test func aPausedDownloadIsNotTakenForAnIdleConnectionAndDoesNotKeepTheLoopAwake() throws {
        let gate = Gate()
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n")
            connection.send(Self.pattern(500_000))
            gate.wait()
            connection.reset()
        }
        let harness = UpstreamHarness(url: upstream.url)
        let transfer = try harness.start()
        harness.run { transfer.received.count >= 262_144 }
        for _ in 0..<5 { harness.turn() }

        gate.open()
        var eventCount = 0
        for _ in 0..<10 { eventCount += harness.turn() }

        #expect(eventCount == 0)
        #expect(!transfer.isOver)
        #expect(harness.client.statistics.spoiledConnectionCount == 0)
        harness.client.cancel(transfer)
        upstream.stop()
    }

    @Test(arguments: [UpstreamRequest.Content.length(UInt64(megabytes)), .chunked])
    func aSlowUpstreamGetsEveryByteAndHoldsTheOfferBack(framing: UpstreamRequest.Content) throws {
        let content = Self.pattern(Self.megabytes)
        let gate = Gate()
        let upstream = ScriptedUpstream { connection in
            connection.useFixedBuffers()
            connection.readHead()
            gate.wait()
            let isWhole: Bool
            if framing == .chunked {
                isWhole = connection.readChunks() == content
            } else {
                isWhole = connection.read(content.count) == content
            }
            connection.send("HTTP/1.1 \(isWhole ? 200 : 400) X\r\nContent-Length: 0\r\n\r\n")
        }
        let harness = UpstreamHarness(url: upstream.url)
        let transfer = try harness.start("POST", "/upload", content: framing)
        var offered = 0
        func offer() {
            while offered < content.count {
                let end = min(offered + 100_000, content.count)
                guard case .accepted(let count) = transfer.offerContent(content[offered..<end].span),
                    count > 0
                else { return }
                offered += count
            }
            transfer.finishContent()
        }

        harness.run { upstream.requests.count == 1 }
        for _ in 0..<20 {
            offer()
            harness.turn()
        }
        let offeredBeforeReading = offered
        gate.open()
        harness.run(limit: .seconds(30)) {
            offer()
            return transfer.isOver
        }

        // What is accepted beyond the buffer lies in libcurl and in the kernel, both bounded.
        #expect(offeredBeforeReading < 6 * 1_048_576)
        #expect(offered == content.count)
        #expect(transfer.head?.status == .ok)
        #expect(transfer.isComplete)
        upstream.stop()
    }

    @Test func theOfferIsCutAtTheBufferAndRoomIsNews() throws {
        let gate = Gate()
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            gate.wait()
            _ = connection.read(600_000)
            connection.send(plainAnswer)
        }
        var configuration = UpstreamClientConfiguration(url: upstream.url)
        configuration.sendBufferBytes = 300_000
        let harness = UpstreamHarness(configuration)
        let transfer = try harness.start("POST", "/upload", content: .length(600_000))
        let half = [UInt8](repeating: 1, count: 600_000)

        let first = transfer.offerContent(half.span)
        let second = transfer.offerContent(half.span)
        var isRoomNews = false
        harness.onProgress = { progressed in
            let offer = progressed.offerContent(half.span.extracting(0..<1))
            if offer != .accepted(byteCount: 0) { isRoomNews = true }
        }
        gate.open()
        harness.run { isRoomNews }
        harness.client.cancel(transfer)

        #expect(first == .accepted(byteCount: 300_000))
        #expect(second == .accepted(byteCount: 0))
        #expect(isRoomNews)
        let afterEnd = transfer.offerContent(half.span)
        #expect(afterEnd == .notWanted)
        upstream.stop()
    }

    /// How an upload can end before its end.
    enum Breach: CaseIterable { case shortOfItsLength, longerThanItsLength, brokenOff, brokenOffInChunks }

    @Test(arguments: Breach.allCases)
    func anUploadThatBreaksOffClosesItsConnectionAndIsNeverSentShort(breach: Breach) throws {
        let closed = Gate()
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            if connection.number == 1 {
                let rest = connection.read(through: "no such bytes")
                if rest.hasSuffix("0\r\n\r\n") || rest.count > 30 { connection.send("unexpected") }
                closed.open()
            } else {
                connection.send(plainAnswer)
            }
        }
        let harness = UpstreamHarness(url: upstream.url)
        let transfer = try harness.start(
            "POST", "/upload", content: breach == .brokenOffInChunks ? .chunked : .length(10))
        _ = transfer.offerContent([1, 2, 3, 4, 5].span)
        harness.run { upstream.requests.count == 1 }

        switch breach {
        case .shortOfItsLength: transfer.finishContent()
        case .longerThanItsLength: _ = transfer.offerContent([1, 2, 3, 4, 5, 6].span)
        case .brokenOff, .brokenOffInChunks: transfer.abortContent()
        }
        harness.finish(transfer)
        closed.wait()
        let next = try harness.fetch("GET", "/next")

        #expect(transfer.phase == .failed(.uploadAborted))
        #expect(transfer.receivedText.isEmpty)
        #expect(next.receivedText == "hello")
        #expect(upstream.connectionCount == 2)
        upstream.stop()
    }

    @Test(arguments: [200, 302, 413, 500])
    func anAnswerBeforeTheEndOfTheUploadIsDeliveredAndTheConnectionClosed(status: Int) throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send("HTTP/1.1 \(status) X\r\nContent-Length: 5\r\n\r\nhello")
            _ = connection.readHead()
        }
        let harness = UpstreamHarness(url: upstream.url)
        let transfer = try harness.start("POST", "/upload", content: .length(1_000_000))
        _ = transfer.offerContent([1, 2, 3].span)

        harness.finish(transfer)
        let next = try harness.fetch("GET", "/next")

        #expect(transfer.phase == .complete(.length(5)))
        #expect(transfer.receivedText == "hello")
        let afterEnd = transfer.offerContent([4].span)
        #expect(afterEnd == .notWanted)
        #expect(!next.reusesConnection)
        upstream.stop()
    }

    @Test func anEarlyAnswerThatEndsWithItsConnectionEndsTheTransfer() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\ntoo much")
        }
        let harness = UpstreamHarness(url: upstream.url)

        let transfer = try harness.start("POST", "/upload", content: .length(1_000_000))
        harness.finish(transfer)

        #expect(transfer.phase == .complete(.untilClose))
        #expect(transfer.receivedText == "too much")
        upstream.stop()
    }

    @Test func contentOfAHeadRequestIsSentAndItsAnswerHasNone() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            _ = connection.read(3)
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
            _ = connection.readsEnd()
        }
        let harness = UpstreamHarness(url: upstream.url)

        let transfer = try harness.start("HEAD", "/x", content: .length(3))
        _ = transfer.offerContent([1, 2, 3].span)
        transfer.finishContent()
        harness.finish(transfer)

        #expect(transfer.phase == .complete(.none))
        upstream.stop()
    }

    @Test(arguments: [UpstreamRequest.Content.length(0), .length(4), .chunked])
    func theContentIsFramedAsStated(content: UpstreamRequest.Content) throws {
        let upstream = ScriptedUpstream { connection in
            while let head = connection.readHead() {
                if head.contains("Content-Length: 4") { _ = connection.read(4) }
                if head.contains("chunked") { _ = connection.read(through: "0\r\n\r\n") }
                connection.send(plainAnswer)
            }
        }
        let harness = UpstreamHarness(url: upstream.url)
        let expected =
            switch content {
            case .none: ""
            case .length(let count): "Content-Length: \(count)\r\n"
            case .chunked: "Transfer-Encoding: chunked\r\n"
            }

        let transfer = try harness.start("PUT", "/x", content: content)
        if content != .length(0) { _ = transfer.offerContent([1, 2, 3, 4].span) }
        transfer.finishContent()
        harness.finish(transfer)
        let next = try harness.fetch("GET", "/next")

        let head = "PUT /x HTTP/1.1\r\nHost: 127.0.0.1:\(upstream.port)\r\n"
        #expect(upstream.requests.first == head + expected + "\r\n")
        #expect(transfer.isComplete)
        #expect(next.reusesConnection)
        upstream.stop()
    }
}

extension ScriptedConnection {
    /// The content of a chunked request.
    fileprivate func readChunks() -> [UInt8] {
        var content: [UInt8] = []
        while true {
            var line: [UInt8] = []
            while line.suffix(2) != [13, 10] {
                let byte = read(1)
                if byte.isEmpty { return content }
                line += byte
            }
            guard let count = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) else {
                return []
            }
            let piece = read(count + 2)
            if count == 0 { return content }
            content += piece.dropLast(2)
        }
    }
}
