package import Cache
import Settings

/// What `POST /purge` asks for: `{"tenant": "acme", "route": "sessions.list", "soft": true}`, all but the
/// tenant optional.
package struct PurgeOrder: Sendable, Hashable {
    /// Whose entries.
    package let tenant: String
    /// Of which route; `nil` for all.
    package let route: String?
    /// Whether they go, or are stale from now on.
    package let manner: PurgeManner

    /// Reads the content of a request; `nil` for anything else, unknown members included.
    package init?(_ content: [UInt8]) {
        // Why it cannot be read is lost: the answer says what is allowed.
        guard let document = try? JSONDocument(content), case .object(let members) = document.root.content,
            members.allSatisfy({ ["tenant", "route", "soft"].contains($0.key) }),
            case .string(let tenant) = document.root["tenant"]?.content
        else { return nil }
        switch document.root["route"]?.content {
        case nil: route = nil
        case .string(let name): route = name
        default: return nil
        }
        switch document.root["soft"]?.content {
        case nil, .boolean(false): manner = .hard
        case .boolean(true): manner = .soft
        default: return nil
        }
        self.tenant = tenant
    }
}
