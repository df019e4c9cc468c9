import Settings

/// What concerns the pepper: sealing for one place, and changing the pepper itself.
extension TenantStoreEditor {
    /// Seals a secret for a place; the text that goes into `{"sealed": "…"}`.
    package func seal(_ secret: Secret, for context: SealingContext) throws(AccessFailure) -> String {
        // The lock keeps a second command from making a second pepper.
        try edit { (store: inout TenantStore) throws(AccessFailure) in
            Self.seal(secret, for: context, try pepper.loadOrMake(for: store))
        }
    }

    /// What a change of the pepper came to.
    package struct Rotation: Sendable {
        /// The names of the peppers there are now, the newest first.
        package let peppers: [String]
        /// Values that were sealed anew.
        package let sealedCount: Int
        /// The names of the peppers that were taken out.
        package let retired: [String]
    }

    /// Puts a new pepper before the others and seals every sealed value of the store under it.
    ///
    /// The pepper is written first: a gateway that reads in between finds the old one beside the new one and
    /// opens what is still sealed under it. Tokens stay good under the pepper they were issued under.
    package func rotatePepper() throws(AccessFailure) -> Rotation {
        try edit { (store: inout TenantStore) throws(AccessFailure) in
            let before = try pepper.loadOrMake(for: store)
            var opened: [(tenant: Int, field: String, secret: Secret)] = []
            for (index, tenant) in store.tenants.enumerated() {
                for (field, source) in tenant.sealedValues {
                    guard let secret = before.open(source, of: tenant.id, field) else {
                        throw .input(
                            "the sealed \(field) of the tenant \(tenant.id) does not open; nothing was changed"
                        )
                    }
                    opened.append((index, field, secret))
                }
            }
            try pepper.rewrite { lines throws(AccessFailure) in
                guard lines.count < Pepper.maximumLines else {
                    throw .input(
                        "there are \(lines.count) peppers, the most there can be; retire old ones first: "
                            + "kayle-gateway secret rotate --retire")
                }
                return [Pepper.make()] + lines
            }
            let after = try pepper.loadOrMake(for: store)
            for (index, field, secret) in opened {
                let context = SealingContext(tenant: store.tenants[index].id, field: field)
                store.tenants[index].setSealed(field, Self.seal(secret, for: context, after))
            }
            return Rotation(peppers: after.ids, sealedCount: opened.count, retired: [])
        }
    }

    /// Takes out every pepper but the newest that no token and no sealed value of the store needs.
    package func retirePeppers() throws(AccessFailure) -> Rotation {
        try edit { (store: inout TenantStore) throws(AccessFailure) in
            let keys = try pepper.loadOrMake(for: store)
            var needed: Set<Int> = [0]
            for tenant in store.tenants {
                for token in tenant.tokens {
                    if let position = keys.position(ofPepper: token.pepper) { needed.insert(position) }
                }
                for (field, source) in tenant.sealedValues {
                    if let position = keys.position(opening: source, of: tenant.id, field) {
                        needed.insert(position)
                    }
                }
            }
            let kept = needed
            try pepper.rewrite { lines throws(AccessFailure) in
                lines.enumerated().filter { kept.contains($0.offset) }.map(\.element)
            }
            let ids = keys.ids
            return Rotation(
                peppers: ids.indices.filter { kept.contains($0) }.map { ids[$0] }, sealedCount: 0,
                retired: ids.indices.filter { !kept.contains($0) }.map { ids[$0] })
        }
    }

    static func seal(_ secret: Secret, for context: SealingContext, _ keys: AccessKeys) -> String {
        var randomness = SystemRandomness()
        let sealed = keys.sealingKey.seal(secret, for: context, randomness: &randomness)
        return String(decoding: Base64URL.encode(sealed), as: UTF8.self)
    }
}

extension AccessKeys {
    /// Opens the sealed text of a tenant's setting.
    func open(_ text: String, of tenant: String, _ field: String) -> Secret? {
        Base64URL.decode(Array(text.utf8).span).flatMap {
            open($0, for: SealingContext(tenant: tenant, field: field))
        }
    }

    /// The position of the pepper that a sealed text opens under.
    func position(opening text: String, of tenant: String, _ field: String) -> Int? {
        Base64URL.decode(Array(text.utf8).span).flatMap {
            position(opening: $0, for: SealingContext(tenant: tenant, field: field))
        }
    }
}

extension StoredTenant {
    /// The settings that hold a sealed text, with the text.
    fileprivate var sealedValues: [(field: String, text: String)] {
        let sources = [
            (Self.upstreamTokenField, Optional(upstreamToken)),
            (Self.upstreamTokenNextField, upstreamTokenNext),
        ]
        return sources.compactMap { field, source in
            guard case .sealed(let text)? = source else { return nil }
            return (field, text)
        }
    }

    fileprivate mutating func setSealed(_ field: String, _ text: String) {
        if field == Self.upstreamTokenField {
            upstreamToken = .sealed(text)
        } else {
            upstreamTokenNext = .sealed(text)
        }
    }
}
