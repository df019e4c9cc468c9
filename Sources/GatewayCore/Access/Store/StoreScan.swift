import Cache
import HTTPModel
import Settings

/// Reads a tenant store that has no mistake in one pass over its bytes, or finds that it had better be read
/// with care.
///
/// A revocation must be in force within 100 ms, whatever else changed in a file of ten thousand tokens: a
/// configuration tool may well have written every line of it anew. The settings reader (`TenantStore`), which
/// gives every mistake its place, costs twenty times as much. So it has the last word, and this scan only the
/// first: it takes nothing that the reader would refuse, and at the least doubt (an unknown key, a key twice,
/// a value of another kind, anything out of bounds) it gives nothing, and the whole file goes to the reader.
/// `StoreScanTests` holds the two against each other.
struct StoreScan {
    private var walker = JSONWalker()
    private let folder: String
    private let plans: Set<String>
    private var tenantIDs: Set<String> = []
    private var tokenIDs: Set<TokenID> = []

    /// The tenants of a store that came from `file`, or `nil` for a text that may have a mistake. Linear.
    static func tenants(_ text: Span<UInt8>, file: String, plans: [String]) -> [StoredTenant]? {
        guard text.count <= TenantStore.maximumBytes else { return nil }
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        var scan = StoreScan(folder: folder, plans: Set(plans))
        // A token as the commands write it takes 380 bytes.
        scan.tokenIDs.reserveCapacity(text.count / 256)
        var tenants: [StoredTenant] = []
        scan.walker.skipBlanks(text)
        let isRead = scan.members(text, of: ["tenants"]) { scan, _ in
            scan.elements(text, atMost: TenantStore.maximumTenants) { scan in
                guard let tenant = scan.tenant(text) else { return false }
                tenants.append(tenant)
                return true
            }
        }
        scan.walker.skipBlanks(text)
        return isRead && scan.walker.position == text.count ? tenants : nil
    }

    private init(folder: String, plans: Set<String>) {
        self.folder = folder
        self.plans = plans
    }

    // MARK: Tenants and tokens

    private static let tenantKeys: [StaticString] = [
        "id", "plan", "organization", "upstream_token", "upstream_token_next",
        "allow", "tokens",
    ]

    private mutating func tenant(_ text: Span<UInt8>) -> StoredTenant? {
        var (id, plan, organization) = (String?.none, String?.none, String?.none)
        var (first, next) = (SecretSource?.none, SecretSource?.none)
        var allow: [AddressBlock] = []
        var tokens: [StoredToken] = []
        let isRead = members(text, of: Self.tenantKeys) { scan, key in
            switch key {
            case 0: scan.set(&id, scan.name(text))
            case 1: scan.set(&plan, scan.name(text))
            case 2: scan.isNull(text) || scan.set(&organization, scan.name(text))
            case 3: scan.set(&first, scan.secret(text))
            case 4: scan.isNull(text) || scan.set(&next, scan.secret(text))
            case 5: scan.blocks(text, into: &allow)
            case 6:
                scan.elements(text, atMost: TenantStore.maximumTokens) { scan in
                    guard let token = scan.token(text) else { return false }
                    tokens.append(token)
                    return true
                }
            default: false
            }
        }
        guard isRead, let id, let plan, let first, plans.contains(plan), tenantIDs.insert(id).inserted else {
            return nil
        }
        var tenant = StoredTenant(id: id, plan: plan, upstreamToken: first)
        (tenant.organization, tenant.upstreamTokenNext) = (organization, next)
        (tenant.allow, tenant.tokens) = (allow, tokens)
        return tenant
    }

    private static let tokenKeys: [StaticString] = [
        "id", "name", "digest", "pepper", "scopes", "created_at",
        "not_before", "expires_at", "revoked_at", "rotated_at", "allow",
        "max_limit", "routes",
    ]

    private mutating func token(_ text: Span<UInt8>) -> StoredToken? {
        var (id, name, digest, pepper) = (TokenID?.none, String?.none, Digest?.none, String?.none)
        var scopes = ScopeSet()
        var times = InlineArray<5, UTCTimestamp?>(repeating: nil)
        var allow: [AddressBlock] = []
        var maximumLimit: Int?
        var routes: [String] = []
        let isRead = members(text, of: Self.tokenKeys) { scan, key in
            switch key {
            // These have no escapes and no letters but ASCII: what has any is none of them.
            case 0: scan.set(&id, scan.walker.string(text).flatMap { TokenID(text.extracting($0.range)) })
            case 1: scan.set(&name, scan.label(text))
            case 2:
                scan.set(
                    &digest,
                    scan.walker.string(text).flatMap { Digest(storedText: text.extracting($0.range)) })
            case 3: scan.isNull(text) || scan.set(&pepper, scan.name(text))
            case 4: scan.scopes(text, into: &scopes)
            case 5...9:
                scan.isNull(text)
                    || scan.set(
                        &times[key - 5],
                        scan.walker.string(text).flatMap { UTCTimestamp(text.extracting($0.range)) })
            case 10: scan.blocks(text, into: &allow)
            case 11: scan.isNull(text) || scan.set(&maximumLimit, scan.limit(text))
            case 12:
                scan.elements(text, atMost: TokenCeilings.maximumRoutes) { scan in
                    guard let route = scan.name(text), !routes.contains(route) else { return false }
                    routes.append(route)
                    return true
                }
            default: false
            }
        }
        guard isRead, let id, let digest, tokenIDs.insert(id).inserted,
            let ceilings = TokenCeilings(maximumLimit: maximumLimit, routes: routes)
        else { return nil }
        var token = StoredToken(
            id: id, name: name ?? "", digest: digest, scopes: scopes, createdAt: times[0], pepper: pepper,
            notBefore: times[1], expiresAt: times[2], allow: allow, ceilings: ceilings)
        (token.revokedAt, token.rotatedAt) = (times[3], times[4])
        return token
    }

    // MARK: Values

    /// A reference to a secret: an object with one member.
    private mutating func secret(_ text: Span<UInt8>) -> SecretSource? {
        var source: SecretSource?
        let folder = folder
        let isRead = members(text, of: ["env", "file", "sealed"]) { scan, key in
            guard source == nil, let string = scan.string(text), !string.isEmpty else { return false }
            switch key {
            case 0 where SettingsName.isEnvironmentVariable(string): source = .environment(string)
            case 1 where SettingsName.isPath(string):
                source = .file(string.hasPrefix("/") ? string : folder + string)
            case 2: source = .sealed(string)
            default: return false
            }
            return true
        }
        return isRead ? source : nil
    }

    private mutating func blocks(_ text: Span<UInt8>, into blocks: inout [AddressBlock]) -> Bool {
        var found: [AddressBlock] = []
        let isRead = elements(text, atMost: TokenOrder.maximumBlocks) { scan in
            guard let block = scan.string(text).flatMap({ AddressBlock($0) }), !found.contains(block) else {
                return false
            }
            found.append(block)
            return true
        }
        blocks = found
        return isRead
    }

    private mutating func scopes(_ text: Span<UInt8>, into scopes: inout ScopeSet) -> Bool {
        var found = ScopeSet()
        let isRead = elements(text, atMost: Scope.allCases.count) { scan in
            guard let scope = scan.string(text).flatMap({ Scope(rawValue: $0) }) else { return false }
            return found.insert(ScopeSet([scope])).inserted
        }
        scopes = found
        return isRead
    }

    private mutating func limit(_ text: Span<UInt8>) -> Int? {
        var value = 0
        let start = walker.position
        // Seven digits are enough for the largest limit; more, and any other spelling, are in doubt.
        while walker.position - start < 7, walker.byte(text) &- 0x30 < 10 {
            value = value * 10 + Int(walker.byte(text) - 0x30)
            guard value > 0, walker.take(walker.byte(text), text) else { return nil }
        }
        return (1...TokenCeilings.largestLimit).contains(value) ? value : nil
    }

    /// What people call a token.
    private mutating func label(_ text: Span<UInt8>) -> String? {
        guard let string = string(text), TokenOrder.isName(string) else { return nil }
        return string
    }

    private mutating func name(_ text: Span<UInt8>) -> String? {
        guard let string = string(text), SettingsName.isName(string) else { return nil }
        return string
    }

    /// Any string. One with escapes or other letters than ASCII goes through the strict reader by itself.
    private mutating func string(_ text: Span<UInt8>) -> String? {
        let start = walker.position
        guard let range = walker.string(text) else { return nil }
        var isPlain = true
        for index in range.range where text[index] >= 0x80 || text[index] == 0x5C { isPlain = false }
        if isPlain { return text.extracting(range.range).text }
        // What is wrong with it, the reader of the whole file will say.
        guard let document = try? JSONDocument(text.extracting(start..<walker.position).array),
            case .string(let string) = document.root.content
        else { return nil }
        return string
    }

    private mutating func isNull(_ text: Span<UInt8>) -> Bool {
        walker.byte(text) == UInt8(ascii: "n") && walker.word("null", text)
    }

    private func set<Value>(_ place: inout Value?, _ value: Value?) -> Bool {
        place = value
        return value != nil
    }

    // MARK: Containers

    /// Moves over an object whose keys are all among `keys`, none twice; `take` moves over the value of the
    /// key at a position and says whether it is in order.
    private mutating func members(
        _ text: Span<UInt8>, of keys: [StaticString], _ take: (inout StoreScan, Int) -> Bool
    ) -> Bool {
        guard walker.take(UInt8(ascii: "{"), text) else { return false }
        walker.skipBlanks(text)
        if walker.take(UInt8(ascii: "}"), text) { return true }
        var seen: UInt64 = 0
        // Keys mostly stand in one order, so the search begins where it last ended.
        var key = 0
        while true {
            guard let range = walker.string(text) else { return false }
            let name = text.extracting(range.range)
            var searched = 0
            while !name.equals(keys[key]) {
                searched += 1
                key = key + 1 == keys.count ? 0 : key + 1
                guard searched < keys.count else { return false }
            }
            guard seen >> UInt64(key) & 1 == 0 else { return false }
            seen |= 1 << UInt64(key)
            walker.skipBlanks(text)
            guard walker.take(UInt8(ascii: ":"), text) else { return false }
            walker.skipBlanks(text)
            guard take(&self, key) else { return false }
            walker.skipBlanks(text)
            guard walker.take(UInt8(ascii: ","), text) else {
                return walker.take(UInt8(ascii: "}"), text)
            }
            walker.skipBlanks(text)
            key = key + 1 == keys.count ? 0 : key + 1
        }
    }

    /// Moves over a list of at most so many elements; `take` moves over one and says whether it is in order.
    private mutating func elements(
        _ text: Span<UInt8>, atMost maximum: Int, _ take: (inout StoreScan) -> Bool
    ) -> Bool {
        guard walker.take(UInt8(ascii: "["), text) else { return false }
        walker.skipBlanks(text)
        if walker.take(UInt8(ascii: "]"), text) { return true }
        var count = 0
        while true {
            guard count < maximum, take(&self) else { return false }
            count += 1
            walker.skipBlanks(text)
            guard walker.take(UInt8(ascii: ","), text) else {
                return walker.take(UInt8(ascii: "]"), text)
            }
            walker.skipBlanks(text)
        }
    }
}
