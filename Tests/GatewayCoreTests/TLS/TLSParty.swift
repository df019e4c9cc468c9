import CGatewayShims
import COpenSSL
import Glibc
import HTTPModel

@testable import GatewayCore

/// A folder with a fresh certificate and its key, removed with the value.
final class TLSFiles {
    let folder: String
    var certificate: String { "\(folder)/c.pem" }
    var key: String { "\(folder)/k.pem" }

    init() throws {
        guard let folder = PrivateFolder.make(prefix: "kayle-tls-test-") else { throw TLSParty.Failure() }
        self.folder = folder
        let made = try SelfSignedCertificate.make()
        try AtomicFile(path: "\(folder)/c.pem").create(made.certificate.span)
        try made.privateKey.withBytes { try AtomicFile(path: "\(folder)/k.pem").create($0) }
    }

    deinit { PrivateFolder.remove(folder, files: ["c.pem", "k.pem"]) }

    /// A server's context over these files.
    func context(ticketKeyByte: UInt8 = 7) throws -> TLSContext {
        let keys = [UInt8](repeating: ticketKeyByte, count: TLSContext.ticketKeyBytes)
        return try TLSContext(certificateChain: certificate, privateKey: key, ticketKeys: Secret(keys.span))
    }
}

/// A TLS client and the server under test on two ends of a socket pair, played in turns by one thread.
@safe
final class TLSParty {
    struct Failure: Error {}

    /// What the client wants of the connection.
    @safe
    struct Wishes {
        /// The application protocols, each with its length in front.
        var protocols: [UInt8] = []
        var maximumVersion = TLS1_3_VERSION
        var ciphers: String?
        /// A session to resume.
        var session: OpaquePointer?
        /// The certificate to trust; without one nothing is checked.
        var trusted: String?
        var host: String?
    }

    private let sockets: SocketPair
    private let context: OpaquePointer
    let client: OpaquePointer
    let pipe: TLSPipe
    var server: TLSSession
    var rest = ByteBuffer()

    init(_ serverContext: TLSContext, pipe: TLSPipe = TLSPipe(), _ wishes: Wishes = Wishes()) throws {
        sockets = try SocketPair()
        guard let context = unsafe SSL_CTX_new(TLS_client_method()), let client = unsafe SSL_new(context),
            let server = TLSSession(context: serverContext, pipe: pipe)
        else { throw Failure() }
        unsafe self.context = context
        unsafe self.client = client
        self.server = server
        self.pipe = pipe
        _ = unsafe SSL_ctrl(client, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(wishes.maximumVersion), nil)
        if let ciphers = wishes.ciphers { _ = unsafe SSL_set_cipher_list(client, ciphers) }
        if !wishes.protocols.isEmpty {
            _ = unsafe SSL_set_alpn_protos(client, wishes.protocols, UInt32(wishes.protocols.count))
        }
        if let session = unsafe wishes.session { _ = unsafe SSL_set_session(client, session) }
        if let trusted = wishes.trusted {
            guard unsafe SSL_CTX_load_verify_locations(context, trusted, nil) == 1 else { throw Failure() }
            unsafe SSL_set_verify(client, SSL_VERIFY_PEER, nil)
        }
        if let host = wishes.host { _ = unsafe SSL_set1_host(client, host) }
        guard unsafe SSL_set_fd(client, sockets.far.number) == 1 else { throw Failure() }
        unsafe SSL_set_connect_state(client)
    }

    deinit {
        unsafe SSL_free(client)
        unsafe SSL_CTX_free(context)
    }

    /// Shakes hands to the end; how the server sees it, and whether the client is content.
    func handshake() -> (server: TLSSession.HandshakeProgress, client: Bool) {
        var progress = TLSSession.HandshakeProgress.needsInput
        // A handshake takes two or three turns.
        for _ in 0..<10 {
            ERR_clear_error()
            let isContent = unsafe SSL_do_handshake(client) == 1
            if progress == .complete && isContent { return (progress, true) }
            if progress == .needsInput {
                _ = pipe.receive(sockets.near)
                progress = server.advanceHandshake()
                if progress == .failed { pipe.discardInput() }
            }
            flush()
            if progress == .failed { return (progress, false) }
        }
        return (progress, false)
    }

    /// Sends what the server's side has to say.
    func flush() {
        if pipe.hasOutput { _ = pipe.send(sockets.near, rest: &rest) }
    }

    /// Takes up what the client has sent, without decrypting it.
    func receive() -> TransferOutcome { pipe.receive(sockets.near) }

    /// Everything the server decrypts of what has come.
    func serverReads(maximum: Int = 16_384) -> (bytes: [UInt8], end: TLSSession.DecryptionProgress) {
        var buffer = ByteBuffer()
        while true {
            if !pipe.hasInput && !server.hasPending { _ = receive() }
            let progress = server.decrypt(into: &buffer, maximum: maximum)
            if case .moved = progress { continue }
            return (buffer.withBytes { $0.array }, progress)
        }
    }

    /// Encrypts and sends; whether the session is still good.
    func serverWrites(_ bytes: [UInt8]) -> Bool {
        var buffer = ByteBuffer()
        buffer.append(bytes.span)
        let isGood = server.encrypt(&buffer)
        flush()
        return isGood && buffer.isEmpty
    }

    /// Sends what the socket did not take.
    func sendRest() { if !rest.isEmpty { _ = SystemCall.write(sockets.near, from: &rest) } }

    func clientWrites(_ bytes: [UInt8]) -> Int {
        Int(unsafe SSL_write(client, bytes, Int32(bytes.count)))
    }

    /// What the client decrypts now, and whether the server has said goodbye.
    func clientReads() -> (bytes: [UInt8], hasEnded: Bool) {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            ERR_clear_error()
            let count = unsafe SSL_read(client, &piece, Int32(piece.count))
            if count > 0 {
                bytes += piece[..<Int(count)]
                continue
            }
            return (bytes, unsafe SSL_get_error(client, count) == SSL_ERROR_ZERO_RETURN)
        }
    }

    func clientSaysGoodbye() { _ = unsafe SSL_shutdown(client) }

    /// Sends bytes past the client's TLS.
    func clientSendsRaw(_ text: String) { _ = sockets.far.write(text) }
}
