/// What the query normalizer decided; there is no fourth outcome.
package enum QueryNormalization: Sendable, Hashable {
    /// The output holds the one spelling of what the query means: the cache key, and exactly what the
    /// upstream receives. `limit` is the number of items asked for.
    case canonical(limit: Int)
    /// The upstream may accept the query, but we do not claim to know its meaning: it is forwarded as it
    /// came and its answer is never stored.
    case opaque(OpaqueReason)
    /// The query is outside the documented model; the upstream is not asked.
    case refused(QueryRefusal)
}

/// Why a query is not understood although it is not refused.
package enum OpaqueReason: Sendable, Hashable, CaseIterable {
    /// A number that is not written in plain digits, such as `0x0A` or `1e1`.
    case numberSpelling
    /// A cursor of a shape that is not declared.
    case cursorShape

    /// Why the answer is not stored, for logs and explanations.
    package var sentence: StaticString {
        switch self {
        case .numberSpelling: "a number is not written in plain digits"
        case .cursorShape: "the cursor has an unknown shape"
        }
    }
}

/// Why a query is refused. The texts come from the model alone; nothing of the query is echoed.
package enum QueryRefusal: Sendable, Hashable {
    /// A value outside what the model allows.
    case outsideModel(parameter: String, rule: String)
    /// A declared parameter more than once, even with equal values: the upstream refuses most of them, and
    /// takes a repeated flag for true.
    case repeated(parameter: String)
    /// More parameters than are read.
    case tooManyParameters(maximum: Int)
    /// A byte that no query may hold unencoded.
    case byteForbidden

    /// What the client is told: the parameter, and what is allowed. Allocates.
    package var message: String {
        switch self {
        case .outsideModel(let parameter, let rule): "\(parameter) \(rule)"
        case .repeated(let parameter): "\(parameter) must be given at most once"
        case .tooManyParameters(let maximum): "the query must have at most \(maximum) parameters"
        case .byteForbidden: "the query holds a byte that must be percent-encoded"
        }
    }
}
