import Foundation
import Testing

@testable import GatewayCore

/// What SIGHUP takes over, and what it leaves as it was.
@Suite(.timeLimit(.minutes(1)))
struct ReloadTests {
    private let upstream = ScriptedUpstream { connection in
        while connection.readHead() != nil {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage")
        }
    }

    private func gateway(_ change: (inout GatewayUnderTest.Options) -> Void = { _ in }) throws
        -> GatewayUnderTest
    {
        var options = GatewayUnderTest.Options()
        change(&options)
        return try GatewayUnderTest(upstream: upstream.url, options)
    }

    /// Rewrites a file of the gateway by replacing a text that occurs in it.
    private func edit(_ file: String, of gateway: GatewayUnderTest, _ old: String, _ new: String) throws {
        let path = "\(gateway.folder)/\(file)"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains(old))
        try text.replacing(old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// Has the gateway reload, and tells whether that ended as it should.
    private func reload(_ gateway: GatewayUnderTest, result: String = "configuration") throws -> Bool {
        let before = try reloads(gateway, result)
        gateway.reload()
        return try eventually { try reloads(gateway, result) == before + 1 }
    }

    private func reloads(_ gateway: GatewayUnderTest, _ result: String) throws -> Double {
        try gateway.metric("kayle_gateway_reloads_total", "result=\"\(result)\"")
    }

    @Test func routesAreTakenOverAtOnce() throws {
        let gateway = try gateway()
        try edit("gateway.json", of: gateway, #""path": "/v1/*" }"#, #""path": "/v2/*" }"#)

        let isTaken = try reload(gateway)

        #expect(isTaken)
        #expect(try gateway.ask("GET", "/v1/other").status == 404)
        #expect(try gateway.ask("GET", "/v2/other").status == 200)
        upstream.stop()
    }

    @Test func aListenerMoreWaitsForARestartAndDisturbsNobody() throws {
        let gateway = try gateway { $0.isSecure = true }
        let tls = #""tls": { "certificate_chain": "gateway.pem", "private_key": "gateway.key" }"#
        try edit(
            "gateway.json", of: gateway, #""listeners": [ "#,
            #""listeners": [ { "address": "127.0.0.1:0", \#(tls) }, "#)

        let isTaken = try reload(gateway)

        #expect(isTaken)
        #expect(try gateway.metric("kayle_gateway_certificate_expiry_timestamp_seconds") > 1_000_000_000)
        upstream.stop()
    }

    @Test func anotherTenantStoreWaitsForARestart() throws {
        let gateway = try gateway()
        try edit("gateway.json", of: gateway, #""store": "tenants.json""#, #""store": "others.json""#)

        let isTaken = try reload(gateway)

        #expect(isTaken)
        #expect(try gateway.ask("GET", "/v1/other").status == 200)
        upstream.stop()
    }

    @Test func aReloadThatFailsLeavesNothingBehindForTheNextChangeOfTheStore() throws {
        let gateway = try gateway()
        let store = try String(contentsOfFile: "\(gateway.folder)/tenants.json", encoding: .utf8)
        try edit("gateway.json", of: gateway, #""path": "/v1/*" }"#, #""path": "/v2/*" }"#)
        try "{".write(toFile: "\(gateway.folder)/tenants.json", atomically: true, encoding: .utf8)
        let isFound = try eventually { try reloads(gateway, "store_failed") >= 1 }

        let hasFailed = try reload(gateway, result: "configuration_failed")
        let storesRead = try reloads(gateway, "store")
        try store.write(toFile: "\(gateway.folder)/tenants.json", atomically: true, encoding: .utf8)
        let isRead = try eventually { try reloads(gateway, "store") > storesRead }

        #expect(isFound && hasFailed && isRead)
        #expect(try gateway.ask("GET", "/v1/other").status == 200)
        upstream.stop()
    }
}
