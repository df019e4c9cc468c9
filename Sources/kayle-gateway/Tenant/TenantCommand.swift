import ArgumentParser

/// `tenant`: who may use the gateway.
struct TenantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "Add, list and remove tenants.",
        subcommands: [TenantAdd.self, TenantList.self, TenantRemove.self])
}
