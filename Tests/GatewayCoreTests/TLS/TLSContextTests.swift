import COpenSSL
import Testing

@testable import GatewayCore

/// What a listener's context lets in.
struct TLSContextTests {
    @Test(
        arguments: [
            [8] + Array("http/1.1".utf8), [2] + Array("h2".utf8) + [8] + Array("http/1.1".utf8), [],
        ] as [[UInt8]])
    func aClientThatSpeaksHTTP11OrSaysNothingIsLetIn(protocols: [UInt8]) throws {
        let outcome = try handshake { $0.protocols = protocols }

        #expect(outcome.server == .complete && outcome.client)
    }

    @Test(
        arguments: [
            [2] + Array("h2".utf8), [8] + Array("http/1.0".utf8), [7] + Array("http/1.".utf8),
            [9] + Array("http/1.1x".utf8), [8] + Array("HTTP/1.1".utf8),
        ] as [[UInt8]])
    func aClientThatSpeaksOnlyOtherProtocolsIsNot(protocols: [UInt8]) throws {
        let outcome = try handshake { $0.protocols = protocols }

        #expect(outcome.server == .failed)
    }

    @Test func versionsBeforeTLS12AreRefused() throws {
        #expect(try handshake { $0.maximumVersion = TLS1_1_VERSION }.server == .failed)
    }

    @Test(arguments: ["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"])
    func suitesWithoutForwardSecrecyOrAuthenticatedEncryptionAreRefused(suite: String) throws {
        let outcome = try handshake {
            $0.maximumVersion = TLS1_2_VERSION
            $0.ciphers = suite
        }

        #expect(outcome.server == .failed || !outcome.client)
    }

    @Test func aSessionResumesOnAnotherWorkerWithTheSameTicketKeys() throws {
        let files = try TLSFiles()

        #expect(try resumes(first: files.context(), second: files.context()))
    }

    @Test func aSessionDoesNotResumeUnderOtherTicketKeys() throws {
        let files = try TLSFiles()

        #expect(try !resumes(first: files.context(), second: files.context(ticketKeyByte: 8)))
    }

    @Test func aCertificateThatIsNotThereIsNamed() throws {
        let files = try TLSFiles()
        let missing = "\(files.folder)/none.pem"
        let key = files.key

        #expect(throws: TLSFailure.self) {
            try TLSContext(certificateChain: missing, privateKey: key, ticketKeys: Self.ticketKeys)
        }
    }

    @Test func aKeyOfAnotherCertificateIsRefusedByName() throws {
        let files = try TLSFiles()
        let others = try TLSFiles()
        do {
            _ = try TLSContext(
                certificateChain: files.certificate, privateKey: others.key, ticketKeys: Self.ticketKeys)
            Issue.record("the key of another certificate was taken")
        } catch {
            #expect("\(error)".hasPrefix("\(others.key): no usable private key"))
        }
    }

    private static let ticketKeys = Secret(
        [UInt8](repeating: 1, count: TLSContext.ticketKeyBytes).span)

    private func handshake(
        _ wish: (inout TLSParty.Wishes) -> Void
    ) throws -> (server: TLSSession.HandshakeProgress, client: Bool) {
        let files = try TLSFiles()
        var wishes = TLSParty.Wishes()
        wish(&wishes)
        return try TLSParty(try files.context(), wishes).handshake()
    }

    /// Whether a session that one context began is taken up by the other.
    private func resumes(first: TLSContext, second: TLSContext) throws -> Bool {
        let begun = try TLSParty(first)
        let outcome = begun.handshake()
        try #require(outcome.server == .complete && outcome.client)
        // TLS 1.3 sends the ticket behind the handshake; reading takes it in.
        _ = begun.serverWrites(Array("x".utf8))
        _ = begun.clientReads()
        let session = unsafe SSL_get1_session(begun.client)
        defer { unsafe SSL_SESSION_free(session) }
        var wishes = TLSParty.Wishes()
        unsafe wishes.session = session
        let party = try TLSParty(second, wishes)
        let again = party.handshake()
        try #require(again.server == .complete && again.client)
        return party.server.isResumed
    }
}
