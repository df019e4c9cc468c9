import ArgumentParser

/// `tenant`: who may use the gateway.
struct TenantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "Add, list, change and remove tenants.",
        subcommands: [TenantAdd.self, TenantList.self, TenantChangeCommand.self, TenantRemove.self])
}
