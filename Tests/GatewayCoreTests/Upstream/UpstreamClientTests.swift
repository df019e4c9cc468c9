import HTTPModel
import Testing

@testable import GatewayCore

/// An answer with a length and five bytes.
let plainAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

struct UpstreamClientTests {
    @Test func anAnswerComesBackByteForByte() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send(plainAnswer)
        }
        let harness = UpstreamHarness(url: upstream.url)

        let transfer = try harness.fetch()

        #expect(transfer.phase == .complete(.length(5)))
        #expect(transfer.head?.status == .ok)
        #expect(transfer.head?.firstText(of: .contentType) == "text/plain")
        #expect(transfer.receivedText == "hello")
        #expect(transfer.owner == 7)
        upstream.stop()
    }

    @Test func anAnswerThatIsHeldIsNotTouchedByThoseThatComeAfterIt() throws {
        let upstream = ScriptedUpstream { connection in
            for number in 1...4 {
                connection.readHead()
                let body = String(repeating: "\(number)", count: 6 - number)
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(6 - number)\r\n\r\n\(body)")
            }
        }
        let harness = UpstreamHarness(url: upstream.url)

        // The memory of the first one is used again, that of the second one is not yet.
        #expect(try harness.fetch().receivedText == "11111")
        let held = try harness.fetch()
        #expect(try harness.fetch().receivedText == "333")
        #expect(try harness.fetch().receivedText == "44")

        #expect(held.receivedText == "2222")
        upstream.stop()
    }

    @Test func theRequestGoesOutAsGivenAndNothingIsAdded() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send(plainAnswer)
        }
        let harness = UpstreamHarness(url: upstream.url)

        let transfer = try harness.start(
            "GET", "/v1/a/../%41?q=%20&&x",
            fields: [
                ("X-Twice", "one"), ("x-other", "1"), ("X-Twice", "two"), ("X-Empty", ""), ("Accept", "a/b"),
            ],
            authorization: Secret("kk_live_1"))
        harness.finish(transfer)

        let expected = """
            GET /v1/a/../%41?q=%20&&x HTTP/1.1\r
            Host: 127.0.0.1:\(upstream.port)\r
            X-Twice: one\r
            x-other: 1\r
            X-Twice: two\r
            X-Empty:\r
            Accept: a/b\r
            Authorization: Bearer kk_live_1\r
            \r

            """
        #expect(upstream.requests == [expected])
        upstream.stop()
    }

    @Test func fieldsThatContradictFramingOrCredentialNeverGoOut() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send(plainAnswer)
        }
        let harness = UpstreamHarness(url: upstream.url)

        _ = try harness.fetch(
            fields: [
                ("Authorization", "Bearer kgw_x"), ("Content-Length", "3"), ("Transfer-Encoding", "chunked"),
                ("Expect", "100-continue"), ("Connection", "close"), ("TE", "trailers"), ("Upgrade", "h2c"),
            ])

        #expect(
            upstream.requests
                == ["GET /v1/sessions HTTP/1.1\r\nHost: 127.0.0.1:\(upstream.port)\r\n\r\n"])
        upstream.stop()
    }

    @Test(arguments: ["GET", "HEAD", "OPTIONS", "DELETE", "POST", "PROPFIND"])
    func everyMethodPassesAndLeavesNoTraceInTheNextRequest(method: String) throws {
        let upstream = ScriptedUpstream { connection in
            while let head = connection.readHead() {
                connection.send(head.hasPrefix("HEAD") ? String(plainAnswer.dropLast(5)) : plainAnswer)
            }
        }
        let harness = UpstreamHarness(url: upstream.url)

        let first = try harness.fetch(method)
        let second = try harness.fetch("GET")

        #expect(first.phase == .complete(method == "HEAD" ? .none : .length(5)))
        #expect(second.receivedText == "hello")
        #expect(upstream.requests.map { $0.prefix { $0 != " " } } == [Substring(method), "GET"])
        #expect(upstream.connectionCount == 1)
        upstream.stop()
    }

    @Test func aKeptConnectionServesTheNextRequestWithoutAskingThePoller() throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil { connection.send(plainAnswer) }
        }
        let harness = UpstreamHarness(url: upstream.url)
        _ = try harness.fetch()
        harness.turn()
        let changesBefore = harness.changeCount

        for _ in 0..<5 {
            let transfer = try harness.fetch()
            #expect(transfer.receivedText == "hello")
            #expect(transfer.reusesConnection)
        }

        #expect(harness.changeCount == changesBefore)
        #expect(upstream.connectionCount == 1)
        #expect(harness.client.statistics.openedConnectionCount == 1)
        #expect(harness.client.statistics.reusedConnectionCount == 5)
        upstream.stop()
    }

    @Test func fieldsOfOneConnectionAreRemovedAndDuplicatesKeepTheirOrder() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send(
                """
                HTTP/1.1 200 OK\r
                Set-Cookie: a=1\r
                Connection: keep-alive, X-Hop\r
                X-Hop: secret\r
                Keep-Alive: timeout=5\r
                Set-Cookie: b=2\r
                Content-Length: 0\r
                \r

                """)
        }
        let harness = UpstreamHarness(url: upstream.url)

        let transfer = try harness.fetch()

        let head = try #require(transfer.head)
        let lines = head.fields.map { line in
            head.bytes.span.extracting(line.name.range).text + "="
                + head.bytes.span.extracting(line.value.range).text
        }
        #expect(lines == ["Set-Cookie=a=1", "Set-Cookie=b=2", "Content-Length=0"])
        upstream.stop()
    }

    @Test func earlyHintsArePassedOnAndOtherInterimHeadsAreSkipped() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + plainAnswer)
        }
        let harness = UpstreamHarness(url: upstream.url)

        let transfer = try harness.fetch()

        let hints = transfer.takeInterimHead()
        #expect(hints?.status.rawValue == 103)
        #expect(transfer.takeInterimHead() == nil)
        #expect(transfer.head?.status == .ok)
        #expect(transfer.receivedText == "hello")
        upstream.stop()
    }

    @Test func chunksAreDecodedTrailersDroppedAndTheConnectionKept() throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n")
                connection.send("3;name=\"value\"\r\nllo\r\n0\r\nX-Trailer: 1\r\n\r\n")
            }
        }
        let harness = UpstreamHarness(url: upstream.url)

        for _ in 0..<2 {
            let transfer = try harness.fetch()
            #expect(transfer.phase == .complete(.chunked))
            #expect(transfer.receivedText == "hello")
            #expect(transfer.head?.firstValue(of: .transferEncoding) == nil)
            #expect(transfer.head?.fields.isEmpty == true)
        }

        #expect(upstream.connectionCount == 1)
        upstream.stop()
    }

    @Test func anAnswerThatEndsWithItsConnectionIsMarked() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\n\r\nhello")
        }
        let harness = UpstreamHarness(url: upstream.url)

        let transfer = try harness.fetch()

        #expect(transfer.phase == .complete(.untilClose))
        #expect(transfer.receivedText == "hello")
        upstream.stop()
    }

    @Test func compressedContentPassesUntouched() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello")
        }
        let harness = UpstreamHarness(url: upstream.url)

        let transfer = try harness.fetch()

        #expect(transfer.receivedText == "hello")
        #expect(transfer.head?.firstText(of: .contentEncoding) == "gzip")
        upstream.stop()
    }

    @Test func aRedirectIsAnAnswerLikeAnyOther() throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                connection.send("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let harness = UpstreamHarness(url: upstream.url)

        let transfer = try harness.fetch()

        #expect(transfer.head?.status.rawValue == 302)
        #expect(upstream.requests.count == 1)
        upstream.stop()
    }

    @Test func requestsBeyondTheConnectionsWaitTheirTurnAndBeyondTheQueueAreRefused() throws {
        let gate = Gate()
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                gate.wait()
                connection.send(plainAnswer)
            }
        }
        var configuration = UpstreamClientConfiguration(url: upstream.url)
        configuration.maximumConnectionCount = 1
        configuration.maximumWaitingCount = 1
        let harness = UpstreamHarness(configuration)

        let first = try harness.start("GET", "/first")
        let second = try harness.start("GET", "/second")
        #expect(throws: UpstreamFailure.tooManyWaiting) { try harness.start("GET", "/third") }
        harness.run { upstream.requests.count == 1 }
        #expect(second.phase == .queued)
        #expect(harness.client.statistics.runningCount == 1)
        #expect(harness.client.statistics.waitingCount == 1)
        gate.open()
        gate.open()
        harness.finish(first)
        harness.finish(second)

        #expect(second.receivedText == "hello")
        #expect(upstream.connectionCount == 1)
        #expect(harness.client.isIdle)
        upstream.stop()
    }

    @Test func aCancelledTransferClosesItsConnectionAndIsNotHeardOfAgain() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            guard connection.number == 1 else {
                connection.send(plainAnswer)
                return
            }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            _ = connection.readsEnd()
        }
        let harness = UpstreamHarness(url: upstream.url)
        let transfer = try harness.start()
        harness.run { transfer.receivedText == "hello" }

        harness.client.cancel(transfer)

        #expect(transfer.phase == .cancelled)
        #expect(harness.client.nextProgressed() == nil)
        #expect(harness.client.isIdle)
        let next = try harness.fetch()
        #expect(!next.reusesConnection)
        upstream.stop()
    }

    @Test func aWaitingTransferCanBeCancelled() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            _ = connection.readHead()
        }
        var configuration = UpstreamClientConfiguration(url: upstream.url)
        configuration.maximumConnectionCount = 1
        let harness = UpstreamHarness(configuration)
        _ = try harness.start()
        let waiting = try harness.start()

        harness.client.cancel(waiting)

        #expect(waiting.phase == .cancelled)
        #expect(harness.client.statistics.waitingCount == 0)
        harness.client.close()
        #expect(harness.client.isIdle)
        upstream.stop()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
    ])
    func aConnectionThatTheUpstreamDoesNotKeepIsNotUsedAgain(answer: String) throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil { connection.send(answer) }
        }
        let harness = UpstreamHarness(url: upstream.url)

        for _ in 0..<2 {
            let transfer = try harness.fetch()
            #expect(transfer.receivedText == "ok")
            #expect(!transfer.reusesConnection)
        }

        #expect(upstream.connectionCount == 2)
        #expect(harness.client.statistics.idleConnectionCount == 0)
        upstream.stop()
    }

    @Test(arguments: [
        "Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n\r\n",
    ])
    func anAnswerInPiecesOfAByteIsTheSameAnswer(rest: String) throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                for byte in "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\(rest)".utf8 {
                    connection.send([byte])
                }
            }
        }
        let harness = UpstreamHarness(url: upstream.url)

        for _ in 0..<2 {
            let transfer = try harness.fetch()
            #expect(transfer.takeInterimHead()?.status.rawValue == 103)
            #expect(transfer.head?.status == .ok)
            #expect(transfer.receivedText == "hello")
        }

        #expect(upstream.connectionCount == 1)
        upstream.stop()
    }

    @Test func aConnectionThatWasIdleForTooLongIsNotUsedAgain() throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil { connection.send(plainAnswer) }
        }
        var configuration = UpstreamClientConfiguration(url: upstream.url)
        configuration.idleTimeout = .nanoseconds(1)
        let harness = UpstreamHarness(configuration)
        _ = try harness.fetch()

        let transfer = try harness.fetch()

        #expect(transfer.isComplete)
        #expect(!transfer.reusesConnection)
        #expect(harness.client.statistics.spoiledConnectionCount == 0)
        upstream.stop()
    }

    @Test func aConnectionIsReplacedWhenItsLifeIsOverHoweverBusyItIs() throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        var configuration = UpstreamClientConfiguration(url: upstream.url)
        configuration.connectionLifetime = .seconds(1)
        let harness = UpstreamHarness(configuration)

        let isReplaced = try eventually {
            let transfer = try harness.fetch()
            #expect(transfer.isComplete)
            return upstream.connectionCount > 1
        }

        #expect(isReplaced)
        #expect(upstream.requests.count > upstream.connectionCount)
    }
}
