import Settings

/// What `POST /purge` asks for: `{"tenant": "acme", "route": "sessions.list"}`, the route optional.
package struct PurgeOrder: Sendable, Hashable {
    /// Whose entries.
    package let tenant: String
    /// Of which route; `nil` for all.
    package let route: String?

    /// Reads the content of a request; `nil` for anything else, unknown members included.
    package init?(_ content: [UInt8]) {
        // Why it cannot be read is lost: the answer says what is allowed.
        guard let document = try? JSONDocument(content), case .object(let members) = document.root.content,
            members.allSatisfy({ $0.key == "tenant" || $0.key == "route" }),
            case .string(let tenant) = document.root["tenant"]?.content
        else { return nil }
        switch document.root["route"]?.content {
        case nil: route = nil
        case .string(let name): route = name
        default: return nil
        }
        self.tenant = tenant
    }
}
