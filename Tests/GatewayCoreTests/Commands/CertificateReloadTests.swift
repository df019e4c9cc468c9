import Foundation
import Glibc
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// SIGHUP and certificates: new connections get the new one, those that are open stay as they are.
@Suite(.timeLimit(.minutes(2)))
struct CertificateReloadTests {
    private let standIn: RunningStandIn
    private let stage: CommandStage

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"])]))
        stage = try CommandStage(upstream: standIn.url, isSecure: true)
    }

    private func keepCopy() throws -> String {
        try stage.write(stage.text(of: "gateway.pem"), to: "before.pem")
        return stage.path("before.pem")
    }

    /// Whether a new connection is served under this certificate.
    private func serves(_ gateway: ServedGateway, _ certificate: String) -> Bool {
        // Why the handshake fails is the other certificate, which the tests see from the other side.
        (try? RawConnection(port: gateway.port, secured: .init(trusted: certificate))) != nil
    }

    @Test func aRenewedCertificateIsUsedForNewConnections() throws {
        let old = try keepCopy()
        let token = try stage.addTenant("acme", upstreamToken: "kk_acme")
        let gateway = try ServedGateway(stage)
        let open = try RawConnection(port: gateway.port, secured: .init(trusted: old))

        try stage.renewCertificate()
        #expect(serves(gateway, old), "nothing changes before the signal")
        gateway.program.signal(SIGHUP)
        let isRenewed = eventually { serves(gateway, stage.path("gateway.pem")) }
        open.send("GET /v1/sessions HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n")

        #expect(isRenewed)
        #expect(!serves(gateway, old))
        #expect(open.answer().status == 200)
    }

    @Test func aCertificateThatCannotBeUsedLeavesTheOldOneInUse() throws {
        let old = try keepCopy()
        let gateway = try ServedGateway(stage)

        // The new key has come and the new certificate has not.
        let made = try SelfSignedCertificate.make()
        try stage.write(made.privateKey.withBytes { $0.text }, to: "gateway.key")
        gateway.program.signal(SIGHUP)
        let told = gateway.program.errors.first(/configuration was not taken/)

        #expect(told != nil)
        #expect(serves(gateway, old))
    }

    @Test func aSessionBegunBeforeTheRenewalResumesAfterIt() throws {
        let token = try stage.addTenant("acme", upstreamToken: "kk_acme")
        let gateway = try ServedGateway(stage)
        let request = "GET /v1/sessions HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n"
        let first = try RawConnection(port: gateway.port, secured: .init())
        first.send(request)
        #expect(first.answer().status == 200)
        let session = try #require(try first.tls?.session())

        try stage.renewCertificate()
        gateway.program.signal(SIGHUP)
        #expect(eventually { serves(gateway, stage.path("gateway.pem")) })
        let second = try RawConnection(port: gateway.port, secured: .init(session: session))
        second.send(request)

        #expect(second.tls?.isResumed == true)
        #expect(second.answer().status == 200)
    }
}
