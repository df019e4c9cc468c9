package import Settings

/// Reads the configuration file, and everything it names as far as that tells whether it can serve.
package enum ConfigurationLoader {
    /// Bytes of the largest configuration file. A thousand routes with limits of their own stay below.
    private static let maximumBytes = 1_048_576

    /// Reads and checks a configuration file against this machine.
    ///
    /// - Throws: All mistakes, in the order of the file.
    package static func load(
        _ path: String, checks: ConfigurationChecks = ConfigurationChecks()
    ) throws(SettingsFailure) -> GatewayConfiguration {
        let bytes: [UInt8]
        do throws(FileFailure) {
            bytes = try FileContents.read(path, maximumBytes: maximumBytes)
        } catch {
            let start = TextPosition(line: 1, column: 1)
            let text = "the configuration \(error.description); allowed: a readable file"
            throw SettingsFailure([SettingsMistake(file: path, position: start, keyPath: "", text: text)])
        }
        return try read(bytes, file: path, world: machine, checks: checks)
    }

    /// Reads a configuration that came from `file`, and checks it against `world`.
    package static func read(
        _ bytes: [UInt8], file: String, world: SettingsWorld,
        checks: ConfigurationChecks = ConfigurationChecks()
    ) throws(SettingsFailure) -> GatewayConfiguration {
        try SettingsReader.read(bytes, file: file, world: world) { section in
            GatewayConfiguration(reading: section, checks: checks)
        }
    }

    /// The files and variables of this machine.
    package static var machine: SettingsWorld {
        SettingsWorld(
            whyUnreadable: { FileContents.whyUnreadable($0) },
            hasEnvironmentVariable: { EnvironmentVariable.value($0)?.isEmpty == false })
    }

    /// Every setting there is, in the order of declaration.
    package static var descriptions: [SettingDescription] {
        SettingsReader.describe { section in
            GatewayConfiguration(reading: section, checks: ConfigurationChecks())
        }
    }

    /// What docs/configuration.md says, made from the declarations.
    package static var documentation: String {
        """
        # Configuration

        `kayle-gateway serve --config PATH` reads one JSON file, `config/gateway.json` unless told
        otherwise. `kayle-gateway check` tells all of its mistakes, as
        `file:line:column: key.path: what is wrong; allowed: what is allowed`. This page is made from the
        declarations that read the file; a test compares them.

        - Paths are relative to the file that names them.
        - A duration is a whole number and `ms`, `s`, `m`, `h` or `d`: `"250ms"`, `"5s"`, `"90d"`.
        - A size is a whole number and `B`, `KiB`, `MiB` or `GiB`: `"64KiB"`.
        - A secret is a reference, never a plain string: `{ "env": "NAME" }`, `{ "file": "path" }` or
          `{ "sealed": "…" }`.
        - An unknown key is a mistake, and so is a key that occurs twice.
        - `–` in the column of defaults: left out, the setting is absent, or a section has its defaults.

        \(SettingDescription.markdown(descriptions))
        """
    }
}

/// Checks that need a room's knowledge of what a file holds; the loader itself only knows whether it can be
/// read.
package struct ConfigurationChecks {
    /// Why a certificate and its key cannot serve, as a sentence with what is allowed; `nil` if they can.
    package let whyUnusableCertificate: (TLSConfiguration) -> String?

    /// Makes the checks; without a closure, readable files are taken as they are.
    package init(whyUnusableCertificate: @escaping (TLSConfiguration) -> String? = { _ in nil }) {
        self.whyUnusableCertificate = whyUnusableCertificate
    }
}
