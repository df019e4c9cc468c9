import ArgumentParser
import GatewayCore
import HTTPModel
import KayleStandIn
import Settings

/// `demo`: the whole gateway on an empty machine, with a stand-in for the Kayle API behind it.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Run the whole gateway on an empty machine, with a stand-in upstream.",
        discussion:
            "Makes a certificate and two tenants with a token each in a folder of its own, prints curl "
            + "lines that work when pasted, and runs until it is interrupted.")

    @Option(help: "Where clients connect to.")
    var listen = "127.0.0.1:8443"

    @Option(help: "The admin address.")
    var admin = "127.0.0.1:9443"

    func validate() throws {
        for (name, text) in [("--listen", listen), ("--admin", admin)] {
            guard let address = SocketAddress(text), address.address.isLoopback else {
                throw ValidationError("\(name) takes a loopback address and a port, such as 127.0.0.1:8443.")
            }
        }
    }

    func run() throws {
        let upstream: RunningStandIn
        do throws(StandInFailure) { upstream = try KayleStandIn.launch(.demonstration) } catch {
            throw CommandExit.internalError("the stand-in upstream does not start: \(error)")
        }
        defer { upstream.stop() }
        let stage = try DemoStage(listen: listen, admin: admin, upstream: upstream.url)
        defer { stage.remove() }
        let tokens = try stage.issueTokens()
        let path = stage.configurationPath
        try Gateway.run { () throws(SettingsFailure) in
            try ConfigurationLoader.load(path, checks: .withCertificates)
        } whenReady: { server in
            let address = server.addresses.first?.text ?? listen
            let script = DemoScript(
                address: address, admin: server.adminAddress.text, folder: stage.folder, acme: tokens.acme,
                globex: tokens.globex)
            StandardStream.output.write(Array(script.text.utf8).span)
        }
    }
}
