import ArgumentParser
import GatewayCore
import HTTPModel
import Settings

/// `token list`: every token but its secret, which nobody has.
struct TokenList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the tokens.")

    @Option(help: "Only the tokens of this tenant.")
    var tenant: String?

    @OptionGroup var options: CommandOptions

    func run() throws {
        let (store, uses) = try options.edit { (editor) throws(AccessFailure) in
            let store = try editor.read()
            if let tenant, !store.tenants.contains(where: { $0.id == tenant }) {
                throw .input("there is no tenant \(JSONText.quoted(tenant)); see: kayle-gateway tenant list")
            }
            return (store, try editor.readLastUses())
        }
        let now = UTCTimestamp(unixSeconds: WallClock.nowSeconds())
        var table = TextTable([
            "TOKEN", "TENANT", "NAME", "STATE", "EXPIRES", "LAST USED", "SCOPES", "ALLOW", "ROUTES",
            "MAX LIMIT",
        ])
        var documents: [JSONValue] = []
        for owner in store.tenants where tenant == nil || owner.id == tenant {
            for token in owner.tokens {
                let scopes = token.scopes.scopes.map(\.rawValue)
                let allow = token.allow.map(\.text)
                let state = token.state(at: now).rawValue
                table.append([
                    token.id.text, owner.id, token.name, state, token.expiresAt?.text ?? "",
                    uses[token.id]?.text ?? "",
                    scopes.joined(separator: ","), allow.joined(separator: ","),
                    token.ceilings.routes.joined(separator: ","),
                    token.ceilings.maximumLimit.map { "\($0)" } ?? "",
                ])
                documents.append(
                    .object([
                        "id": .string(token.id.text), "tenant": .string(owner.id),
                        "name": .string(token.name), "state": .string(state),
                        "scopes": .array(scopes.map { .string($0) }),
                        "created_at": Self.json(token.createdAt), "not_before": Self.json(token.notBefore),
                        "expires_at": Self.json(token.expiresAt), "revoked_at": Self.json(token.revokedAt),
                        "rotated_at": Self.json(token.rotatedAt), "last_used_at": Self.json(uses[token.id]),
                        "allow": .array(allow.map { .string($0) }),
                        "routes": .array(token.ceilings.routes.map { .string($0) }),
                        "max_limit": token.ceilings.maximumLimit.map { .integer(Int64($0)) } ?? .null,
                    ]))
            }
        }
        try options.print(.object(["tokens": .array(documents)])) { table.text }
    }

    private static func json(_ time: UTCTimestamp?) -> JSONValue { time.map { .string($0.text) } ?? .null }
}
