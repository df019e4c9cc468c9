import ArgumentParser
import GatewayCore
import Settings

/// `check`: tells every mistake of the configuration and of what it names, or one line of summary.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the configuration and everything it names.",
        discussion: "Prints all mistakes as FILE:LINE:COLUMN: KEY: what is wrong; allowed: what is allowed.")

    @OptionGroup var options: CommandOptions

    func run() throws {
        let configuration: GatewayConfiguration
        do throws(SettingsFailure) {
            configuration = try ConfigurationLoader.load(options.config, checks: .withCertificates)
        } catch {
            throw CommandExit.configuration("\(error)")
        }
        let tenants: Int
        do throws(AccessFailure) {
            let store = TokenStore(configuration.credentials, known: configuration.knownNames)
            let access = try store.load()
            for warning in access.warnings { StandardStream.error.writeLine("warning: \(warning)") }
            tenants = access.tenants.count
        } catch {
            throw CommandExit.status(of: error)
        }
        let summary = "\(configuration.summary), \(tenants) tenants"
        try options.print(.object(["ok": .boolean(true), "summary": .string(summary)])) { "\(summary)\n" }
    }
}
