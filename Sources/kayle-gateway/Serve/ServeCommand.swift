import ArgumentParser
import GatewayCore
import Settings

/// `serve`: runs the gateway in the foreground.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the gateway in the foreground.",
        discussion: "SIGTERM and SIGINT drain and end it; SIGHUP reads the configuration again.")

    @Option(help: "The configuration file.")
    var config = "config/gateway.json"

    func run() throws {
        let path = config
        try Gateway.run { () throws(SettingsFailure) in
            let configuration = try ConfigurationLoader.load(path, checks: .withCertificates)
            // Before the first secret is read.
            configuration.coreDumps.apply()
            return configuration
        } whenReady: { server in
            let addresses = server.addresses.map(\.text).joined(separator: ", ")
            StandardStream.error.writeLine(
                "kayle-gateway accepts connections on \(addresses); admin on \(server.adminAddress.text)")
        }
    }
}

/// Runs a gateway for a command and turns its failures into words and an exit status.
enum Gateway {
    /// Starts the gateway, tells `whenReady` the addresses in use, and returns once it has drained.
    static func run(
        load: @escaping () throws(SettingsFailure) -> GatewayConfiguration,
        whenReady: (GatewayServer) -> Void
    ) throws(ExitCode) {
        let server: GatewayServer
        do throws(GatewayStartFailure) {
            server = try GatewayServer(loadConfiguration: load)
        } catch { throw status(of: error) }
        whenReady(server)
        do throws(ServerFailure) { try server.run() } catch { throw status(of: .server(error)) }
    }

    private static func status(of failure: GatewayStartFailure) -> ExitCode {
        switch failure {
        case .settings(let mistakes): CommandExit.configuration("\(mistakes)")
        case .server(.access(let failure)): CommandExit.status(of: failure)
        case .server(.configuration), .server(.tls), .server(.listen), .server(.log), .server(.quotas):
            CommandExit.configuration("\(failure)")
        case .server(.system): CommandExit.internalError("\(failure)")
        }
    }
}
