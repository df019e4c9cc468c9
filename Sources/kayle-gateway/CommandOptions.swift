import ArgumentParser
import GatewayCore
import Settings

/// What every command that reads the configuration takes.
struct CommandOptions: ParsableArguments {
    @Option(help: "The configuration file.")
    var config = "config/gateway.json"

    @Flag(help: "Print one JSON document.")
    var json = false

    /// Reads the configuration and runs a command on the tenant store it names; every failure becomes words
    /// on standard error and an exit status.
    func edit<Result>(
        _ command: (TenantStoreEditor) throws(AccessFailure) -> Result
    ) throws(ExitCode) -> Result {
        let editor = try editor()
        do throws(AccessFailure) {
            return try command(editor)
        } catch {
            throw CommandExit.status(of: error)
        }
    }

    /// The configuration is checked for itself only, not against this machine: tenants can be added before
    /// there is a certificate.
    private func editor() throws(ExitCode) -> TenantStoreEditor {
        let configuration = try readConfiguration()
        return TenantStoreEditor(configuration.credentials, known: configuration.knownNames)
    }

    /// Reads the configuration, checked for itself only.
    func readConfiguration() throws(ExitCode) -> GatewayConfiguration {
        let bytes: [UInt8]
        do throws(FileFailure) {
            bytes = try FileContents.read(config, maximumBytes: 1_048_576)
        } catch {
            throw CommandExit.configuration("\(config) \(error); name the configuration with --config PATH")
        }
        do throws(SettingsFailure) {
            return try ConfigurationLoader.read(bytes, file: config, world: .unchecked)
        } catch {
            throw CommandExit.configuration("\(error)")
        }
    }

    /// Prints the result of a command: the text for people, or the document for programs.
    func print(_ document: JSONValue, orText text: () -> String) throws(ExitCode) {
        let bytes = json ? JSONText.pretty(document) : Array(text().utf8)
        guard StandardStream.output.write(bytes.span) else { throw CommandExit.outputClosed }
    }
}
