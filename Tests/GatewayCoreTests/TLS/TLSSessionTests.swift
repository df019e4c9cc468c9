import COpenSSL
import Testing

@testable import GatewayCore

/// A real client against our side of a session, both over one socket pair.
struct TLSSessionTests {
    private let context: TLSContext

    init() throws {
        let files = try TLSFiles()
        context = try files.context()
    }

    private func openParty(_ wishes: TLSParty.Wishes = TLSParty.Wishes()) throws -> TLSParty {
        let party = try TLSParty(context, wishes)
        let outcome = party.handshake()
        try #require(outcome.server == .complete && outcome.client)
        return party
    }

    @Test(arguments: [(TLS1_3_VERSION, TLSVersion.tls13, "1.3"), (TLS1_2_VERSION, .tls12, "1.2")])
    func bothVersionsCarryBytesBothWays(wish: Int32, version: TLSVersion, number: String) throws {
        var wishes = TLSParty.Wishes()
        wishes.maximumVersion = wish
        let party = try openParty(wishes)

        let written = party.clientWrites(Array("question".utf8))
        let question = party.serverReads().bytes
        let isGood = party.serverWrites(Array("answer".utf8))
        let answer = party.clientReads().bytes

        #expect(written == 8 && isGood)
        #expect(question == Array("question".utf8))
        #expect(answer == Array("answer".utf8))
        #expect(party.server.version == version)
        #expect("\(version.number)" == number)
    }

    @Test func plaintextIsTakenInSmallPiecesWithoutLoss() throws {
        let party = try openParty()
        let sent = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

        let written = party.clientWrites(sent)

        #expect(written == sent.count)
        let received = party.serverReads(maximum: 1_000)
        #expect(received.bytes == sent)
        #expect("\(received.end)" == "needsInput")
    }

    @Test func whatTheSocketDoesNotTakeIsKeptAndGoesFirst() throws {
        let party = try openParty()
        let sent = (0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 8) }

        #expect(party.serverWrites(sent))
        let isWhole = party.rest.isEmpty
        #expect(!isWhole)
        var received: [UInt8] = []
        for _ in 0..<200 where received.count < sent.count {
            received += party.clientReads().bytes
            party.sendRest()
        }

        #expect(received == sent)
    }

    @Test func aGoodbyeIsHeardOnBothSides() throws {
        let party = try openParty()

        party.clientSaysGoodbye()
        let end = party.serverReads().end
        party.server.sayGoodbye()
        party.flush()

        #expect("\(end)" == "ended")
        #expect(party.clientReads().hasEnded)
    }

    @Test(arguments: ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}\u{4}abcd", "SSH-2.0-x\r\n"])
    func bytesThatAreNoTLSFailTheHandshake(text: String) throws {
        let party = try TLSParty(context)

        party.clientSendsRaw(text)
        let outcome = party.receive()
        let progress = party.server.advanceHandshake()

        #expect(outcome == .moved(text.utf8.count))
        #expect(progress == .failed)
    }

    @Test func aForgedRecordEndsTheSession() throws {
        let party = try openParty()

        party.clientSendsRaw("\u{17}\u{3}\u{3}\u{0}\u{14}aaaaaaaaaaaaaaaaaaaa")

        #expect("\(party.serverReads().end)" == "failed")
    }

    @Test func aFailedSessionDoesNotSpoilAnotherOfTheSamePipe() throws {
        let pipe = TLSPipe()
        let good = try TLSParty(context, pipe: pipe)
        let outcome = good.handshake()
        try #require(outcome.server == .complete && outcome.client)
        let bad = try TLSParty(context, pipe: pipe)
        bad.clientSendsRaw("no TLS at all, and more of it than a header")
        _ = bad.receive()
        let progress = bad.server.advanceHandshake()
        pipe.discardInput()
        pipe.discardOutput()

        _ = good.clientWrites(Array("still here".utf8))
        let read = good.serverReads()

        #expect(progress == .failed)
        #expect(read.bytes == Array("still here".utf8))
        #expect("\(read.end)" == "needsInput")
    }
}
