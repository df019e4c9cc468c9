import ArgumentParser

/// `secret`: what is sealed, and the pepper it is sealed under.
struct SecretCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret", abstract: "Seal values, and change the pepper they are sealed under.",
        subcommands: [SecretSeal.self, SecretRotate.self])
}
