/// Who is behind the gateway's answers: a customer with a plan and upstream tokens of its own.
package final class Tenant: Sendable {
    /// The name in store, logs and metrics.
    package let id: String
    /// The name of the plan.
    package let plan: String
    /// The position of the plan in the configuration that the snapshot was made with.
    package let planIndex: Int
    /// What it has in common with other tenants that reach the same data upstream; `nil` if there are none.
    package let organization: String?
    /// The upstream token in use, as it goes into the Authorization field after `Bearer `; absent if none was
    /// found.
    package let credential: Secret?
    /// The tenant's other upstream token, for when the upstream refuses the one in use.
    package let standby: Secret?
    /// Whether the one in use is the second.
    package let usesNext: Bool
    /// A number that stands for the tenant: the same for as long as the pepper is.
    package let identity: UInt64
    /// A number that stands for the upstream token in use; tells nothing about it.
    package let credentialIdentity: UInt64
    /// The same for the other one; 0 if there is none.
    package let standbyIdentity: UInt64

    /// A tenant of the store. `refused` are the first upstream tokens that the second stands in for.
    init(
        _ stored: StoredTenant, planIndex: Int, first: Secret?, next: Secret?, keys: AccessKeys,
        refused: Set<UInt64>
    ) {
        id = stored.id
        plan = stored.plan
        organization = stored.organization
        self.planIndex = planIndex
        identity = keys.identity(of: Array("tenant \(stored.id)".utf8).span)
        let firstIdentity = Self.identity(of: first, tenant: identity, keys)
        let nextIdentity = Self.identity(of: next, tenant: identity, keys)
        // A tenant that names one token twice has one.
        let hasBoth = first != nil && next != nil && firstIdentity != nextIdentity
        usesNext = next != nil && (first == nil || hasBoth && refused.contains(firstIdentity))
        credential = usesNext ? next : first
        credentialIdentity = usesNext ? nextIdentity : firstIdentity
        standby = hasBoth ? (usesNext ? first : next) : nil
        standbyIdentity = hasBoth ? (usesNext ? firstIdentity : nextIdentity) : 0
    }

    private init(changing other: Tenant) {
        id = other.id
        plan = other.plan
        organization = other.organization
        planIndex = other.planIndex
        identity = other.identity
        usesNext = !other.usesNext
        credential = other.standby
        credentialIdentity = other.standbyIdentity
        standby = other.credential
        standbyIdentity = other.credentialIdentity
    }

    /// A number that stands for the first upstream token, whichever is in use.
    package var firstCredentialIdentity: UInt64 { usesNext ? standbyIdentity : credentialIdentity }

    /// The tenant with the second token in use if the first is among those refused, and with the first
    /// otherwise.
    func changed(refused: Set<UInt64>) -> Tenant {
        guard standby != nil, usesNext != refused.contains(firstCredentialIdentity) else { return self }
        return Tenant(changing: self)
    }

    private static func identity(of credential: Secret?, tenant: UInt64, _ keys: AccessKeys) -> UInt64 {
        // The tenant is part of it: two tenants with one upstream token share nothing all the same.
        credential?.withBytes { bytes in
            var message = Array("credential \(tenant) ".utf8)
            message.reserveCapacity(message.count + bytes.count)
            for index in bytes.indices { message.append(bytes[index]) }
            defer { Secret.wipe(&message) }
            return keys.identity(of: message.span)
        } ?? 0
    }
}

/// A tenant's upstream token, or why there is none.
package enum TenantCredential: Sendable {
    case found(Secret)
    case missing(why: String)

    /// The token, if there is one.
    var secret: Secret? {
        switch self {
        case .found(let secret): secret
        case .missing: nil
        }
    }
}
