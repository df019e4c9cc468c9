package import HTTPModel
import Settings

/// When each token was last used: a file beside the tenant store, so that a gateway never writes the store.
///
/// `{"last_used": {"5rlvuunhvooa": "2026-11-25T14:00:00Z"}}`. Written by the main thread at most once a
/// minute; losing it loses nothing but this knowledge. Several gateways may write one file: under its lock
/// the later use of each token wins.
package struct LastUseFile: Sendable {
    private let file: AtomicFile

    /// How large the file may be: room for a million tokens.
    private static let maximumBytes = 67_108_864

    /// The file that a configuration names.
    package init(_ credentials: CredentialsConfiguration) {
        file = AtomicFile(path: credentials.lastUsePath)
    }

    /// The last use of each token; without a file, of none.
    package func read() throws(AccessFailure) -> [TokenID: UTCTimestamp] {
        try Self.parse(file.path) { () throws(AtomicFileFailure) in
            try file.read(maximumBytes: Self.maximumBytes).bytes
        }
    }

    /// Puts in later uses and leaves out tokens that are not in `known`. A file that cannot be read is made
    /// anew: nobody's work is in it.
    package func merge(_ uses: [TokenID: UTCTimestamp], known: Set<TokenID>) throws(AccessFailure) {
        do throws(AtomicFileFailure) {
            let locked = try file.lock()
            let before = try? Self.parse(file.path) { () throws(AtomicFileFailure) in
                try locked.read(maximumBytes: Self.maximumBytes).bytes
            }
            var merged = before ?? [:]
            merged.merge(uses) { $0.unixSeconds >= $1.unixSeconds ? $0 : $1 }
            merged = merged.filter { known.contains($0.key) }
            guard merged != before else { return }
            try locked.replace(with: Self.text(merged).span)
        } catch {
            throw .unwritable(error)
        }
    }

    private static func parse(
        _ path: String, _ read: () throws(AtomicFileFailure) -> [UInt8]
    ) throws(AccessFailure) -> [TokenID: UTCTimestamp] {
        let bytes: [UInt8]
        do throws(AtomicFileFailure) {
            bytes = try read()
        } catch {
            if error.reason == .missing { return [:] }
            throw .unreadable(error)
        }
        var limits = JSONLimits()
        limits.maximumBytes = maximumBytes
        var uses: [TokenID: UTCTimestamp] = [:]
        guard let document = try? JSONDocument(bytes, limits: limits),
            case .object(let members) = document.root["last_used"]?.content
        else { throw .input("\(path): this is not a file of last uses; remove it, it is made anew") }
        for member in members {
            guard let id = TokenID(member.key), case .string(let text) = member.value.content,
                let time = UTCTimestamp(text)
            else { throw .input("\(path): \(JSONText.quoted(member.key)) is not the last use of a token") }
            uses[id] = time
        }
        return uses
    }

    private static func text(_ uses: [TokenID: UTCTimestamp]) -> [UInt8] {
        let members = uses.map { ($0.key.text, $0.value.text) }.sorted { $0.0 < $1.0 }
            .map { JSONMember($0.0, .string($0.1)) }
        return JSONText.pretty(.object(["last_used": JSONValue(.object(members))]))
    }
}
