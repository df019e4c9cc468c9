import Testing

@testable import GatewayCore

struct TLSPipeTests {
    @Test func anEmptyPipeHasNothing() {
        let pipe = TLSPipe()

        #expect(!pipe.hasInput && !pipe.hasOutput)
    }

    @Test func whatIsReceivedWaitsUntilItIsForgotten() throws {
        let pipe = TLSPipe()
        let pair = try SocketPair()
        _ = pair.far.write("ciphertext")

        let outcome = pipe.receive(pair.near)

        #expect(outcome == .moved(10))
        #expect(pipe.hasInput)
        pipe.discardInput()
        #expect(!pipe.hasInput)
    }

    @Test func aSocketWithNothingWouldBlockAndAnEndIsAnEnd() throws {
        let pipe = TLSPipe()
        let pair = try SocketPair()

        let before = pipe.receive(pair.near)
        pair.far.endSending()
        let after = pipe.receive(pair.near)

        #expect(before == .wouldBlock)
        #expect(after == .ended)
        #expect(!pipe.hasInput)
    }

    @Test func oneReceiveTakesNoMoreThanItsRoom() throws {
        let pipe = TLSPipe()
        let pair = try SocketPair()
        let sent = String(repeating: "x", count: TLSPipe.receiveBytes + 1_000)
        let written = pair.far.write(sent)
        try #require(written == .moved(sent.utf8.count))

        let first = pipe.receive(pair.near)
        pipe.discardInput()
        let second = pipe.receive(pair.near)

        #expect(first == .moved(TLSPipe.receiveBytes))
        #expect(second == .moved(1_000))
    }

    @Test func outputForAPeerThatHasGoneIsForgotten() throws {
        let files = try TLSFiles()
        let party = try TLSParty(try files.context())
        let outcome = party.handshake()
        try #require(outcome.server == .complete && outcome.client)
        var buffer = ByteBuffer()
        buffer.append("secret")
        _ = party.server.encrypt(&buffer)
        #expect(party.pipe.hasOutput)
        let stranger = try SocketPair()
        stranger.near.endSending()
        var rest = ByteBuffer()

        let sent = party.pipe.send(stranger.near, rest: &rest)

        let hasOutput = party.pipe.hasOutput
        let isEmpty = rest.isEmpty
        #expect(!hasOutput && isEmpty)
        guard case .lost = sent else {
            Issue.record("sent to nobody: \(sent)")
            return
        }
    }
}
