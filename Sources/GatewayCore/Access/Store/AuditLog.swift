import HTTPModel
import Settings

/// Every change to tenants and tokens, one JSON line each, in a file that only grows.
///
/// Each line carries the SHA-256 of the line before, so that a line that is changed, taken out or put in
/// shows in all that follow; and the SHA-256 of the store before and after, so that a store that was changed
/// by other means shows as well. Lines are written before the store is: a change without its line cannot be,
/// a line without its change is told by the next one. Written by commands, under the store's lock.
package struct AuditLog: Sendable {
    /// Where the log is.
    package let path: String
    private let file: AppendedFile

    /// Bytes of the longest line, far above what a change says.
    private static let maximumLineBytes = 1_048_576
    /// Bytes of the largest log that is verified: some millions of lines.
    private static let maximumBytes = 1 << 30

    /// The log that a configuration names.
    package init(_ credentials: CredentialsConfiguration) {
        path = credentials.auditPath
        file = AppendedFile(path: path)
    }

    /// Who changes what, and when.
    struct Occasion {
        var user = SystemUser.current
        var now = UTCTimestamp(unixSeconds: WallClock.nowSeconds())
    }

    /// Writes down changes that are about to be made.
    func append(
        _ changes: [StoreDifference.Change], store before: Digest, _ after: Digest, _ occasion: Occasion
    ) throws(AccessFailure) {
        do throws(AtomicFileFailure) {
            let tail = try file.tail(maximumBytes: Self.maximumLineBytes)
            // A line that a crash cut off is closed, and counts as it is.
            var text: [UInt8] = tail.isEmpty || tail.last == UInt8(ascii: "\n") ? [] : [UInt8(ascii: "\n")]
            var previous = Self.lastLine(of: tail).map { Digest.sha256($0.span) }
            var present = before
            func add(_ what: String, _ members: [JSONMember], store: Digest) {
                let line = Self.line(what, members, store: (present, store), previous, occasion)
                previous = Digest.sha256(line.span)
                present = store
                text += line + [UInt8(ascii: "\n")]
            }
            if let found = Self.foundOtherwise(than: Self.lastLine(of: tail), store: before) {
                add(found, [], store: before)
            }
            for (index, change) in changes.enumerated() {
                var members = [JSONMember("tenant", .string(change.tenant))]
                if let token = change.token { members.append(JSONMember("token", .string(token.text))) }
                // Of several changes made at once the last one completes the store.
                add(change.what, members + change.details, store: index + 1 == changes.count ? after : before)
            }
            try file.append(text.span)
        } catch {
            throw .unwritable(error)
        }
    }

    /// What the present store says about the time since the last line, if it is not the one that line left.
    private static func foundOtherwise(than line: [UInt8]?, store: Digest) -> String? {
        guard let line else { return "audit.begun" }
        guard let document = try? JSONDocument(line) else { return "audit.resumed" }
        let store = store.hexadecimal
        if text(document.root["store"]) == store { return nil }
        return text(document.root["store_before"]) == store ? "change.not_made" : "store.changed_by_others"
    }

    private static func line(
        _ what: String, _ members: [JSONMember], store: (before: Digest, after: Digest), _ previous: Digest?,
        _ occasion: Occasion
    ) -> [UInt8] {
        var line = [
            JSONMember("time", .string(occasion.now.text)),
            JSONMember("user", occasion.user.name.map { .string($0) } ?? .null),
            JSONMember("uid", .integer(Int64(occasion.user.id))),
        ]
        if let invoker = occasion.user.invoker { line.append(JSONMember("sudo_user", .string(invoker))) }
        line.append(JSONMember("what", .string(what)))
        line += members
        line += [
            JSONMember("store_before", .string(store.before.hexadecimal)),
            JSONMember("store", .string(store.after.hexadecimal)),
            JSONMember("previous", previous.map { .string($0.hexadecimal) } ?? .null),
        ]
        return JSONText.line(JSONValue(.object(line)))
    }

    private static func lastLine(of tail: [UInt8]) -> [UInt8]? {
        let lines = tail.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
        return lines.last.map { Array($0) }
    }

    private static func text(_ value: JSONValue?) -> String? {
        guard case .string(let text) = value?.content else { return nil }
        return text
    }
}

extension AuditLog {
    /// What a check of the whole log has found.
    package enum Verdict: Sendable, Equatable {
        /// Every line carries the hash of the one before. `head` is the hash of the last line: kept
        /// elsewhere, it shows whether lines at the end are missing.
        case whole(lineCount: Int, head: String?, describesStore: Bool)
        /// The first line that does not, and why.
        case broken(line: Int, why: String)
    }

    /// Follows the chain from the first line to the last. `store` is the store as it is now.
    package func verify(store: [UInt8]) throws(AccessFailure) -> Verdict {
        let bytes: [UInt8]
        do throws(AtomicFileFailure) {
            bytes = try AtomicFile(path: path).read(maximumBytes: Self.maximumBytes).bytes
        } catch {
            throw .unreadable(error)
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // What stands behind the last line end is a line that was cut off, or nothing.
        let rest = lines.popLast() ?? []
        if !rest.isEmpty {
            lines.append(rest)
        }
        var previous: String?
        var last: String?
        for (index, line) in lines.enumerated() {
            let line = Array(line)
            guard let document = try? JSONDocument(line), document.root["what"] != nil,
                let stated = document.root["previous"]
            else { return .broken(line: index + 1, why: "it is not a line of an audit log") }
            guard Self.text(stated) == previous, previous != nil || stated.content == .null else {
                let why =
                    index == 0
                    ? "it is not the first line: lines before it are missing"
                    : "it does not carry the hash of line \(index): one of them was changed, or lines between "
                        + "them were put in or taken out"
                return .broken(line: index + 1, why: why)
            }
            previous = Digest.sha256(line.span).hexadecimal
            last = Self.text(document.root["store"])
        }
        guard rest.isEmpty else { return .broken(line: lines.count, why: "it is cut off") }
        return .whole(
            lineCount: lines.count, head: previous,
            describesStore: last == Digest.sha256(store.span).hexadecimal)
    }
}
