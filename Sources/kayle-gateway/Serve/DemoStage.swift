import ArgumentParser
import GatewayCore
import HTTPModel
import Settings

/// The folder of a demo: certificate, configuration, tenants and tokens, all made anew and taken away at its
/// end.
struct DemoStage {
    /// The folder.
    let folder: String
    /// The configuration in it.
    var configurationPath: String { "\(folder)/gateway.json" }

    private static let files = [
        "gateway.json", "gateway.pem", "gateway.key", "tenants.json", "tenants.json.lock",
        "tenants.json.audit",
        "tenants.json.last-use", "tenants.json.last-use.lock", "tenants.json.buckets",
        "tenants.json.buckets.lock", "pepper.key",
        "access.log",
    ]

    /// Makes the folder and everything in it but tenants.
    init(listen: String, admin: String, upstream: String) throws(ExitCode) {
        guard let folder = PrivateFolder.make(prefix: "kayle-gateway-demo-") else {
            throw CommandExit.cannotWrite(
                "no folder can be made for the demo's files; set TMPDIR to one that can")
        }
        self.folder = folder
        let made: (certificate: [UInt8], privateKey: Secret)
        do throws(TLSFailure) { made = try SelfSignedCertificate.make() } catch {
            throw CommandExit.internalError("\(error)")
        }
        let certificate = made.certificate
        try write(certificate.span, "gateway.pem")
        try made.privateKey.withBytes { (bytes) throws(ExitCode) in try write(bytes, "gateway.key") }
        try write(
            Array(Self.configuration(listen: listen, admin: admin, upstream: upstream).utf8).span,
            "gateway.json")
    }

    /// Adds the two tenants and issues a token to each.
    func issueTokens() throws(ExitCode) -> (acme: String, globex: String) {
        let acme = try issue("acme", upstreamToken: "kk_acme0000000000000000000000000000")
        let globex = try issue("globex", upstreamToken: "kk_globex00000000000000000000000000")
        return (acme, globex)
    }

    /// Takes the folder away.
    func remove() {
        PrivateFolder.remove(folder, files: Self.files)
    }

    private func issue(_ tenant: String, upstreamToken: String) throws(ExitCode) -> String {
        let configuration: GatewayConfiguration
        do throws(SettingsFailure) {
            configuration = try ConfigurationLoader.load(configurationPath)
        } catch { throw CommandExit.internalError("\(error)") }
        let editor = TenantStoreEditor(configuration.credentials, known: configuration.knownNames)
        do throws(AccessFailure) {
            try editor.addTenant(tenant, plan: "demo", upstreamToken: .sealing(Secret(upstreamToken)))
            guard
                let order = TokenOrder(
                    name: "demo", scopes: [.sessionsRead, .sessionsWrite], lifetime: .seconds(30 * 86_400),
                    allow: [])
            else { preconditionFailure("the demo's order is no order") }
            var randomness = SystemRandomness()
            let now = UTCTimestamp(unixSeconds: WallClock.nowSeconds())
            let token = try editor.issueToken(order, for: tenant, now: now, randomness: &randomness)
            return token.text.withBytes { $0.text }
        } catch { throw CommandExit.status(of: error) }
    }

    private func write(_ bytes: Span<UInt8>, _ name: String) throws(ExitCode) {
        do throws(AtomicFileFailure) {
            try AtomicFile(path: "\(folder)/\(name)").create(bytes)
        } catch { throw CommandExit.cannotWrite("\(error)") }
    }

    /// A plan small enough that a reader can exceed it by hand.
    private static func configuration(listen: String, admin: String, upstream: String) -> String {
        """
        {
          "listeners": [
            { "address": "\(listen)", "tls": { "certificate_chain": "gateway.pem", "private_key": "gateway.key" } }
          ],
          "admin": { "address": "\(admin)" },
          "upstream": { "url": "\(upstream)" },
          "credentials": { "store": "tenants.json", "pepper": { "file": "pepper.key" } },
          "plans": {
            "demo": { "limits": [
              { "name": "tenant", "by": ["tenant"], "requests": 10, "per": "1s", "burst": 20 } ] }
          },
          "cache": { "memory": "64MiB" },
          "routes": [
            { "name": "sessions.list", "method": "GET", "path": "/v1/sessions", "scope": "sessions:read",
              "query": "kayle.sessions.list", "cache": { "ttl": "30s" } },
            { "name": "sessions.create", "method": "POST", "path": "/v1/sessions", "scope": "sessions:write" },
            { "name": "rest", "path": "/v1/*" }
          ],
          "log": { "access": "./access.log", "level": "warning" }
        }

        """
    }
}
