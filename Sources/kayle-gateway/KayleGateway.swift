import ArgumentParser

/// The program: one command per verb an operator has.
@main
struct KayleGateway: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kayle-gateway",
        abstract: "A caching, rate limiting HTTPS gateway in front of the Kayle ID API.",
        subcommands: [
            ServeCommand.self, CheckCommand.self, DemoCommand.self, TenantCommand.self, TokenCommand.self,
            SecretCommand.self, AuditCommand.self, PurgeCommand.self, StatusCommand.self, VersionCommand.self,
        ])
}
