import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// Where a token may be used from, over the wire: the true client address decides, whoever carries it.
@Suite(.timeLimit(.minutes(2)))
struct AddressTests {
    private func gateway(trusting members: String, _ standIn: RunningStandIn) throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.tenants = ["acme": "kk_acme"]
        options.members = members
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    private static func standIn() throws -> RunningStandIn {
        try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 5)]))
    }

    private func status(_ gateway: GatewayUnderTest, _ token: String, _ fields: String) throws -> Int {
        let client = try RawConnection(port: gateway.port)
        client.send(
            "GET /v1/sessions HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\(fields)\r\n")
        return client.answer().status
    }

    @Test func behindATrustedProxyTheAddressItNamesDecides() throws {
        let standIn = try Self.standIn()
        let gateway = try gateway(trusting: #", "trusted_proxies": ["127.0.0.0/8"]"#, standIn)
        let token = try gateway.issue(allow: [#require(AddressBlock("192.0.2.0/24"))])
        func ask(_ fields: String) throws -> Int { try status(gateway, token, fields) }
        #expect(try eventually { try ask("X-Forwarded-For: 192.0.2.7\r\n") == 200 })

        #expect(try ask("") == 403)
        #expect(try ask("X-Forwarded-For: 198.51.100.7\r\n") == 403)
        #expect(try ask("X-Forwarded-For: 192.0.2.7, 198.51.100.7\r\n") == 403)
        #expect(try ask("Forwarded: for=192.0.2.7\r\n") == 403)
        // What the upstream is told, and the log, is the client and not the proxy.
        let log = try #require(standIn.control.requests.last)
        #expect(log.fields.contains { $0.name == "X-Forwarded-For" && $0.value == "192.0.2.7" })
    }

    @Test func fromEverybodyElseTheFieldsAreReplaced() throws {
        let standIn = try Self.standIn()
        let gateway = try gateway(trusting: "", standIn)
        let token = try gateway.issue(allow: [#require(AddressBlock("192.0.2.0/24"))])
        let local = try gateway.issue(allow: [#require(AddressBlock("127.0.0.1"))])
        let claim = "X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\nX-Real-IP: 192.0.2.7\r\n"
        #expect(try eventually { try status(gateway, local, claim) == 200 })

        #expect(try status(gateway, token, claim) == 403)
        let fields = try #require(standIn.control.requests.last).fields
        #expect(!fields.contains { $0.value.contains("192.0.2.7") })
        #expect(fields.contains { $0.name == "X-Forwarded-For" && $0.value == "127.0.0.1" })
    }

    @Test func aTenantsListNarrowsAllOfItsTokens() throws {
        let standIn = try Self.standIn()
        let gateway = try gateway(trusting: #", "trusted_proxies": ["127.0.0.1"]"#, standIn)
        let token = try gateway.issue(allow: [#require(AddressBlock("192.0.2.0/24"))])
        func ask(_ address: String) throws -> Int {
            try status(gateway, token, "X-Forwarded-For: \(address)\r\n")
        }
        #expect(try eventually { try ask("192.0.2.7") == 200 })

        let change = TenantChange(allow: [try #require(AddressBlock("192.0.2.128/25"))])
        try gateway.editor().changeTenant("acme", change)

        #expect(try eventually { try ask("192.0.2.7") == 403 })
        #expect(try ask("192.0.2.200") == 200)
        #expect(try ask("198.51.100.1") == 403)
    }
}
