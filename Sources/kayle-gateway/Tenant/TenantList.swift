import ArgumentParser
import GatewayCore
import HTTPModel
import Settings

/// `tenant list`: every tenant with its plan and where its upstream token is.
struct TenantList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the tenants.")

    @OptionGroup var options: CommandOptions

    func run() throws {
        let store = try options.edit { (editor) throws(AccessFailure) in try editor.read() }
        let now = UTCTimestamp(unixSeconds: WallClock.nowSeconds())
        var table = TextTable(["TENANT", "PLAN", "UPSTREAM TOKEN", "NEXT", "ACTIVE TOKENS", "ALLOW"])
        var documents: [JSONValue] = []
        for tenant in store.tenants {
            let active = tenant.tokens.count { $0.state(at: now) == .active }
            let allow = tenant.allow.map(\.text)
            table.append([
                tenant.id, tenant.plan, tenant.upstreamToken.place, tenant.upstreamTokenNext?.place ?? "",
                "\(active)", allow.joined(separator: ","),
            ])
            documents.append(
                .object([
                    "id": .string(tenant.id), "plan": .string(tenant.plan),
                    "upstream_token": .string(tenant.upstreamToken.place),
                    "upstream_token_next": tenant.upstreamTokenNext.map { .string($0.place) } ?? .null,
                    "allow": .array(allow.map { .string($0) }),
                    "tokens": .integer(Int64(tenant.tokens.count)), "active_tokens": .integer(Int64(active)),
                ]))
        }
        try options.print(.object(["tenants": .array(documents)])) { table.text }
    }
}

extension SecretSource {
    /// Where the secret is, for people; never the secret.
    fileprivate var place: String {
        switch self {
        case .environment(let name): "env \(name)"
        case .file(let path): "file \(path)"
        case .sealed: "sealed"
        }
    }
}
