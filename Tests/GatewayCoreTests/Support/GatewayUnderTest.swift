import Foundation
import HTTPModel
import KayleStandIn
import Settings
import Locking

@testable import GatewayCore

/// A whole gateway in this process, in front of a stand-in or of any other upstream: real sockets, real TLS,
/// its own threads. Stops, drained, when it goes.
final class GatewayUnderTest: Sendable {
    /// What a test may want otherwise than usual.
    struct Options {
        var workers = 2
        var isSecure = false
        var tenants = ["acme": "kk_acme", "globex": "kk_globex"]
        var requestsPerSecond = 1_000_000
        var burst = 1_000_000
        var cacheTimeToLive = "30s"
        var cacheMemory = "64MiB"
        /// Members of `cache`, of the listener's `limits`, of `upstream` and of the whole, as JSON text
        /// behind a comma.
        var cache = ""
        var listenerLimits = ""
        var upstream = ""
        var members = ""
        var extraRoutes = ""
        /// Limits of the plan besides the first, and members of the list route; behind a comma.
        var planLimits = ""
        var listRoute = ""
        var drainTimeout = "5s"
        /// What requests to the admin address must show; `nil` lets everybody in.
        var adminToken: String?
        var failedTokens = 1_000_000
        /// Second upstream tokens, by tenant.
        var nextKeys: [String: String] = [:]
    }

    let port: UInt16
    let adminPort: UInt16
    let folder: String
    let adminToken: String?
    /// A token with all scopes for each tenant.
    let tokens: [String: String]
    private let stopRequest: StopRequest
    private let thread: pthread_t
    private let ended: Ended

    /// Tells when the gateway's main thread has returned.
    private final class Ended: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        func signal() { semaphore.signal() }
        func wait() -> Bool { semaphore.wait(timeout: .now() + 30) == .success }
    }

    private struct Started: Sendable {
        let port: UInt16
        let adminPort: UInt16
        let stopRequest: StopRequest
        let thread: pthread_t
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(upstream: String, _ options: Options = Options()) throws {
        guard let folder = PrivateFolder.make(prefix: "kayle-gateway-test-") else {
            throw Failure(description: "no temporary folder")
        }
        self.folder = folder
        adminToken = options.adminToken
        if let token = options.adminToken {
            try token.write(toFile: "\(folder)/admin.token", atomically: true, encoding: .utf8)
        }
        if options.isSecure {
            let made = try SelfSignedCertificate.make()
            try AtomicFile(path: "\(folder)/gateway.pem").create(made.certificate.span)
            try made.privateKey.withBytes { try AtomicFile(path: "\(folder)/gateway.key").create($0) }
        }
        let path = "\(folder)/gateway.json"
        try Self.configuration(upstream: upstream, options).write(
            toFile: path, atomically: true, encoding: .utf8)
        tokens = try Self.makeTokens(path, options)
        let ended = Ended()
        self.ended = ended
        let started = Lock<Result<Started, Failure>?>(nil)
        let isStarted = DispatchSemaphore(value: 0)
        let box = StartBox(started: started, isStarted: isStarted)
        Thread.detachNewThread {
            do {
                let server = try GatewayServer { () throws(SettingsFailure) in
                    try ConfigurationLoader.load(path, checks: .withCertificates)
                }
                box.succeed(
                    Started(
                        port: server.addresses[0].port, adminPort: server.adminAddress.port,
                        stopRequest: server.stopRequest, thread: pthread_self()))
                try server.run()
            } catch {
                box.fail(Failure(description: "\(error)"))
            }
            ended.signal()
        }
        let result = try box.wait().get()
        port = result.port
        adminPort = result.adminPort
        stopRequest = result.stopRequest
        thread = result.thread
    }

    deinit {
        stopRequest.request()
        _ = ended.wait()
        // What is left of a test's folder harms nobody.
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Asks for a drain and waits for its end; whether it came.
    func stop() -> Bool {
        stopRequest.request()
        let hasEnded = ended.wait()
        ended.signal()
        return hasEnded
    }

    /// Sends SIGHUP to this gateway alone: to the thread that takes its signals. Not after it has stopped.
    func reload() { _ = pthread_kill(thread, SIGHUP) }

    /// Asks for a drain and does not wait.
    func beginDrain() { stopRequest.request() }

    /// The tenants and tokens of this gateway, as the commands edit them.
    func editor() throws -> TenantStoreEditor {
        let configuration = try ConfigurationLoader.load("\(folder)/gateway.json")
        return TenantStoreEditor(configuration.credentials, known: configuration.knownNames)
    }

    /// The text of a tenant's token.
    func token(_ tenant: String) -> String { tokens[tenant] ?? "" }

    /// A request's text with a tenant's token.
    func request(_ method: String, _ target: String, tenant: String = "acme", fields: String = "") -> String {
        "\(method) \(target) HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer \(token(tenant))\r\n\(fields)\r\n"
    }

    private final class StartBox: Sendable {
        private let result = Lock<Result<Started, Failure>?>(nil)
        private let isStarted: DispatchSemaphore
        init(started: borrowing Lock<Result<Started, Failure>?>, isStarted: DispatchSemaphore) {
            self.isStarted = isStarted
        }
        func succeed(_ value: Started) {
            result.withLock { $0 = .success(value) }
            isStarted.signal()
        }
        func fail(_ failure: Failure) {
            result.withLock { if $0 == nil { $0 = .failure(failure) } }
            isStarted.signal()
        }
        func wait() -> Result<Started, Failure> {
            guard isStarted.wait(timeout: .now() + 30) == .success else {
                return .failure(Failure(description: "the gateway did not start within 30 s"))
            }
            return result.withLock { $0 } ?? .failure(Failure(description: "no result"))
        }
    }

    private static func makeTokens(_ path: String, _ options: Options) throws -> [String: String] {
        let configuration = try ConfigurationLoader.load(path)
        let editor = TenantStoreEditor(configuration.credentials, known: configuration.knownNames)
        var tokens: [String: String] = [:]
        var randomness = SystemRandomness()
        for (tenant, key) in options.tenants {
            try editor.addTenant(tenant, plan: "test", upstreamToken: .sealing(Secret(key)))
            if let next = options.nextKeys[tenant] {
                var change = TenantChange()
                change.nextUpstreamToken = .set(.sealing(Secret(next)))
                try editor.changeTenant(tenant, change)
            }
            guard
                let order = TokenOrder(
                    name: "test", scopes: ScopeSet(Scope.allCases), lifetime: nil, allow: [])
            else { throw Failure(description: "no order") }
            let now = UTCTimestamp(unixSeconds: WallClock.nowSeconds())
            let issued = try editor.issueToken(order, for: tenant, now: now, randomness: &randomness)
            tokens[tenant] = issued.text.withBytes { $0.text }
        }
        return tokens
    }

    private static func configuration(upstream: String, _ options: Options) -> String {
        let tls =
            options.isSecure
            ? #", "tls": { "certificate_chain": "gateway.pem", "private_key": "gateway.key" }"# : ""
        let adminToken = options.adminToken == nil ? "" : #", "token": { "file": "admin.token" }"#
        return """
            {
              "workers": \(options.workers),
              "listeners": [ { "address": "127.0.0.1:0"\(tls), "limits": { "maximum_fields": 64\(options.listenerLimits) } } ],
              "admin": { "address": "127.0.0.1:0"\(adminToken) },
              "upstream": { "url": "\(upstream)"\(options.upstream) },
              "credentials": { "store": "tenants.json", "pepper": { "file": "pepper.key" },
                "failed_tokens": { "attempts": \(options.failedTokens), "per": "1s" } },
              "plans": { "test": { "limits": [
                { "name": "tenant", "by": ["tenant"], "requests": \(options.requestsPerSecond), "per": "1s",
                  "burst": \(options.burst) }\(options.planLimits) ] } },
              "cache": { "memory": "\(options.cacheMemory)"\(options.cache) },
              "routes": [
                { "name": "sessions.list", "method": "GET", "path": "/v1/sessions", "scope": "sessions:read",
                  "query": "kayle.sessions.list", "cache": { "ttl": "\(options.cacheTimeToLive)" }\(options.listRoute) },
                { "name": "verify", "path": "/v1/verify/*", "access": "open" }\(options.extraRoutes),
                { "name": "rest", "path": "/v1/*" }
              ],
              "log": { "access": "./access.log", "level": "error" },
              "drain": { "timeout": "\(options.drainTimeout)" }\(options.members)
            }
            """
    }
}
