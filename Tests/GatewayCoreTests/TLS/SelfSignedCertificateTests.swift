import HTTPModel
import Testing

@testable import GatewayCore

struct SelfSignedCertificateTests {
    @Test(arguments: ["localhost", "127.0.0.1", "::1"])
    func aClientThatTrustsItTakesItForItsNames(host: String) throws {
        #expect(try handshake(host: host))
    }

    @Test(arguments: ["example.com", "127.0.0.2", "localhost.example.com"])
    func forAnyOtherNameItIsNotTaken(host: String) throws {
        #expect(try !handshake(host: host))
    }

    @Test func aCertificateOfAnotherRunIsNotTrusted() throws {
        let other = try TLSFiles()

        #expect(try !handshake(host: "localhost", trusted: other.certificate))
    }

    @Test func keysAreNeverTheSame() throws {
        let (first, second) = (try SelfSignedCertificate.make(), try SelfSignedCertificate.make())

        #expect(first.certificate != second.certificate)
        let (one, other) = (
            first.privateKey.withBytes { $0.array }, second.privateKey.withBytes { $0.array }
        )
        #expect(one != other)
    }

    /// Whether a client that trusts one certificate, by default the server's, takes the server for `host`.
    private func handshake(host: String, trusted: String? = nil) throws -> Bool {
        let files = try TLSFiles()
        var wishes = TLSParty.Wishes()
        wishes.trusted = trusted ?? files.certificate
        wishes.host = host
        return try TLSParty(try files.context(), wishes).handshake().client
    }
}
