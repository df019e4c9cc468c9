import Foundation
import Glibc
import HTTPModel
import Testing

@testable import GatewayCore

/// The upstream's certificate, against a real TLS server: `openssl s_server`, told what to say on its input.
@Suite(.serialized)
struct UpstreamTLSTests {
    @Test func aCertificateNobodyVouchesForIsRefused() throws {
        let server = try TLSUpstream(name: "IP:127.0.0.1")
        let harness = UpstreamHarness(url: server.url)

        let transfer = try harness.fetch()

        #expect(transfer.phase == .failed(.tlsCertificate))
        server.stop()
    }

    @Test func anExtraTrustAnchorIsTrustedAndTheConnectionKept() throws {
        let server = try TLSUpstream(name: "IP:127.0.0.1")
        let harness = UpstreamHarness(server.configuration)

        for round in 0..<3 {
            let transfer = try harness.start()
            harness.run { transfer.phase == .waitingForHead }
            server.say(plainAnswer)
            harness.finish(transfer)
            #expect(transfer.receivedText == "hello")
            #expect(transfer.reusesConnection == (round > 0))
            for _ in 0..<5 { harness.turn() }
        }

        #expect(harness.client.statistics.spoiledConnectionCount == 0)
        server.stop()
    }

    @Test func lateBytesOnAnIdleTLSConnectionSpoilIt() throws {
        let server = try TLSUpstream(name: "IP:127.0.0.1")
        let harness = UpstreamHarness(server.configuration)
        let transfer = try harness.start()
        harness.run { transfer.phase == .waitingForHead }
        server.say(plainAnswer)
        harness.finish(transfer)

        server.say(plainAnswer)
        let isSpoiled = harness.run { harness.client.statistics.spoiledConnectionCount == 1 }

        #expect(isSpoiled)
        server.stop()
    }

    @Test func aCertificateForAnotherHostIsRefusedEvenIfTrusted() throws {
        let server = try TLSUpstream(name: "DNS:api.example")
        let harness = UpstreamHarness(server.configuration)

        let transfer = try harness.fetch()

        #expect(transfer.phase == .failed(.tlsCertificate))
        server.stop()
    }

    @Test func aVersionBelow12IsRefused() throws {
        let server = try TLSUpstream(
            name: "IP:127.0.0.1", options: ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"])
        let harness = UpstreamHarness(server.configuration)

        let transfer = try harness.fetch()

        #expect(transfer.phase == .failed(.tlsProtocol))
        server.stop()
    }

    @Test func plainTextInPlaceOfAHandshakeIsAProtocolFailure() throws {
        let upstream = ScriptedUpstream { connection in
            _ = connection.read(5)
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let harness = UpstreamHarness(url: "https://127.0.0.1:\(upstream.port)")

        let transfer = try harness.fetch()

        #expect(transfer.phase == .failed(.tlsProtocol))
        upstream.stop()
    }
}

/// An `openssl s_server` with a certificate of its own making.
private final class TLSUpstream {
    struct SetUpFailure: Error { let what: String }

    let url: String
    let configuration: UpstreamClientConfiguration
    private let process = Process()
    // Plain descriptors, closed in one place: Foundation's handles close theirs at a time of their own
    // choosing, and a descriptor closed twice is another test's socket.
    private let input = TLSUpstream.makePipe()
    private let output = TLSUpstream.makePipe()
    private let directory: URL

    init(name: String, options: [String] = []) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let key = directory.appendingPathComponent("key.pem").path
        let certificate = directory.appendingPathComponent("certificate.pem").path
        try Self.run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-keyout", key, "-out", certificate, "-subj", "/CN=upstream", "-addext", "subjectAltName=\(name)",
        ])
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments =
            ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key] + options
        process.standardInput = FileHandle(fileDescriptor: input.reading, closeOnDealloc: false)
        process.standardOutput = FileHandle(fileDescriptor: output.writing, closeOnDealloc: false)
        process.standardError = FileHandle.nullDevice
        try process.run()
        url = "https://127.0.0.1:\(try Self.readPort(output.reading))"
        var configuration = UpstreamClientConfiguration(url: url)
        configuration.trustAnchorFile = certificate
        self.configuration = configuration
    }

    /// Sends bytes on the connection the server has.
    func say(_ text: String) {
        let bytes = Array(text.utf8)
        let count = unsafe write(input.writing, bytes, bytes.count)
        #expect(count == bytes.count)
    }

    private static func makePipe() -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        // pipe fills two descriptors.
        let result = unsafe pipe(&ends)
        #expect(result == 0)
        for descriptor in ends { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    func stop() {
        // The server inherits the test runner's blocked signals, so that a polite one would never arrive.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        for descriptor in [input.reading, input.writing, output.reading, output.writing] { close(descriptor) }
        // A directory that stays behind in the temporary folder does no harm.
        _ = try? FileManager.default.removeItem(at: directory)
    }

    /// The server prints `ACCEPT 127.0.0.1:port` once it listens.
    private static func readPort(_ descriptor: Int32) throws -> UInt16 {
        var text = ""
        while !text.hasSuffix("\n") || !text.contains("ACCEPT") {
            var bytes = [UInt8](repeating: 0, count: 1_024)
            let count = unsafe read(descriptor, &bytes, bytes.count)
            if count <= 0 { throw SetUpFailure(what: "openssl s_server ended: \(text)") }
            text += String(decoding: bytes.prefix(count), as: UTF8.self)
        }
        guard let line = text.split(separator: "\n").last(where: { $0.hasPrefix("ACCEPT") }),
            let digits = line.split(separator: ":").last, let port = UInt16(digits)
        else { throw SetUpFailure(what: "no port in: \(text)") }
        return port
    }

    private static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw SetUpFailure(what: "openssl \(arguments) failed") }
    }
}
