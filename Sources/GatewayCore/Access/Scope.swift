/// One thing a token may be allowed to do, in the words of the upstream.
package enum Scope: String, Sendable, Hashable, CaseIterable {
    case sessionsRead = "sessions:read"
    case sessionsWrite = "sessions:write"
    case webhooksRead = "webhooks:read"
    case webhooksWrite = "webhooks:write"
    case analyticsRead = "analytics:read"

    /// Whether it allows changes.
    package var isWrite: Bool {
        switch self {
        case .sessionsWrite, .webhooksWrite: true
        case .sessionsRead, .webhooksRead, .analyticsRead: false
        }
    }

    /// The scopes of which any one satisfies a need for this one: upstream, a write scope satisfies the reads
    /// of its area, and here as well.
    var satisfiers: ScopeSet {
        switch self {
        case .sessionsRead: [.sessionsRead, .sessionsWrite]
        case .webhooksRead: [.webhooksRead, .webhooksWrite]
        case .sessionsWrite: .sessionsWrite
        case .webhooksWrite: .webhooksWrite
        case .analyticsRead: .analyticsRead
        }
    }
}

/// The scopes of a token. A token without scopes can do nothing.
package struct ScopeSet: OptionSet, Sendable, Hashable {
    /// One bit per scope.
    package let rawValue: UInt8

    /// Takes the bits of a set.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Makes a set of the scopes given.
    package init(_ scopes: [Scope]) {
        self = scopes.reduce(into: []) { $0.formUnion(ScopeSet($1)) }
    }

    private init(_ scope: Scope) {
        switch scope {
        case .sessionsRead: self = .sessionsRead
        case .sessionsWrite: self = .sessionsWrite
        case .webhooksRead: self = .webhooksRead
        case .webhooksWrite: self = .webhooksWrite
        case .analyticsRead: self = .analyticsRead
        }
    }

    /// `sessions:read`.
    package static let sessionsRead = ScopeSet(rawValue: 1)
    /// `sessions:write`.
    package static let sessionsWrite = ScopeSet(rawValue: 2)
    /// `webhooks:read`.
    package static let webhooksRead = ScopeSet(rawValue: 4)
    /// `webhooks:write`.
    package static let webhooksWrite = ScopeSet(rawValue: 8)
    /// `analytics:read`.
    package static let analyticsRead = ScopeSet(rawValue: 16)

    /// The scopes that allow changes.
    static let writes: ScopeSet = [.sessionsWrite, .webhooksWrite]

    /// The scopes, in the order of their declaration.
    package var scopes: [Scope] { Scope.allCases.filter { contains(ScopeSet($0)) } }

    /// Whether the set allows what `scope` stands for.
    package func satisfies(_ scope: Scope) -> Bool { !isDisjoint(with: scope.satisfiers) }
}
