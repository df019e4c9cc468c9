import HTTPModel

/// Turns the query of a list request into its meaning: one spelling, or the reason why there is none.
///
/// Two safety properties rest on it. Queries that mean the same share a cache entry, and queries that do
/// not never do. And what the canonical form leaves out is not forwarded either, so nothing unkeyed can
/// shape a stored answer. Owned by one worker; its memory is reused, and a canonical query costs no
/// allocation. Every case: docs/query-normalization.md.
package struct ListQueryNormalizer: ~Copyable {
    /// Most `name=value` pieces of a query, empty ones included; far more than any model declares.
    package static let maximumPairs = 64

    /// What a walk over the query found, one bit for each parameter of the model.
    private struct Findings {
        var present: UInt32 = 0
        var repeated: UInt32 = 0
    }

    // By parameter; meaningful for those present in the query at hand.
    private var pairs = [QueryPair](repeating: QueryPair(), count: ListQueryModel.maximumParameters)
    private var decoded: [UInt8] = []

    /// A normalizer for any number of models.
    package init() {
        decoded.reserveCapacity(256)
    }

    /// Decides about a query, without its `?`.
    ///
    /// After `canonical` the output holds the canonical query, empty where nothing differs from the
    /// defaults, and nothing else; after any other answer it is empty. A refused parameter wins over one
    /// that is not understood, and among equals the first in the model's order, as the upstream reports
    /// them. Linear.
    package mutating func normalize(
        _ query: Span<UInt8>, model: ListQueryModel, into output: inout ByteBuffer
    ) -> QueryNormalization {
        output.removeAll()
        var findings = Findings()
        if let refusal = find(in: query, model: model, findings: &findings) { return .refused(refusal) }

        var limit = model.defaultPageSize
        var opaque: OpaqueReason?
        let (entries, texts) = (model.entries, model.vocabulary.bytes)
        for index in entries.indices where findings.present & (1 << UInt32(index)) != 0 {
            if findings.repeated & (1 << UInt32(index)) != 0 {
                output.removeAll()
                return .refused(.repeated(parameter: model.parameters[index].name))
            }
            let start = output.count
            if start > 0 { output.append(0x26) }
            output.append(texts.span.extracting(entries[index].name.range))
            output.append(0x3D)
            switch read(pairs[index], of: query, rule: entries[index].rule, model: model, into: &output) {
            case .written: break
            case .absent: output.truncate(to: start)
            case .integer(let number):
                if index == model.pageSizeIndex { limit = number }
                if entries[index].rule.isDefault(number) {
                    output.truncate(to: start)
                } else {
                    output.append(decimal: UInt64(number))
                }
            case .opaque(let reason): opaque = opaque ?? reason
            case .refused:
                output.removeAll()
                let parameter = model.parameters[index]
                return .refused(.outsideModel(parameter: parameter.name, rule: parameter.rule))
            }
        }
        guard let opaque else { return .canonical(limit: limit) }
        output.removeAll()
        return .opaque(opaque)
    }

    /// Walks over the pairs once and notes those of declared parameters; skips all others.
    private mutating func find(
        in query: Span<UInt8>, model: ListQueryModel, findings: inout Findings
    ) -> QueryRefusal? {
        var next = 0
        var count = 0
        while next < query.count {
            count += 1
            guard count <= Self.maximumPairs else { return .tooManyParameters(maximum: Self.maximumPairs) }
            var pair = QueryPair()
            guard pair.read(query, from: &next) else { return .byteForbidden }
            if let index = index(of: pair, in: query, model: model) {
                let bit: UInt32 = 1 << UInt32(index)
                findings.repeated |= findings.present & bit
                findings.present |= bit
                pairs[index] = pair
            }
        }
        return nil
    }

    /// The declared parameter that a pair names, compared after decoding: `li%6Dit` is `limit`.
    private mutating func index(
        of pair: QueryPair, in query: Span<UInt8>, model: ListQueryModel
    ) -> Int? {
        let name = query.extracting(pair.name.range)
        guard pair.nameIsEncoded else { return model.index(named: name) }
        FormDecoding.decode(name, into: &decoded)
        return model.index(named: decoded.span)
    }

    /// Reads the value of a pair by its rule, decoded if need be.
    private mutating func read(
        _ pair: QueryPair, of query: Span<UInt8>, rule: QueryRule, model: ListQueryModel,
        into output: inout ByteBuffer
    ) -> QueryReading {
        let value = query.extracting(pair.value.range)
        guard pair.valueIsEncoded else {
            return rule.read(value, vocabulary: model.vocabulary, into: &output)
        }
        FormDecoding.decode(value, into: &decoded)
        return rule.read(decoded.span, vocabulary: model.vocabulary, into: &output)
    }
}

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

/// One `name=value` piece of a query, still encoded.
private struct QueryPair {
    var name = ByteRange.empty
    var value = ByteRange.empty
    /// Whether decoding would change the name.
    var nameIsEncoded = false
    /// Whether decoding would change the value.
    var valueIsEncoded = false

    /// Reads the pair at `next` and moves on to the one behind it; `false` for a byte that no query may hold.
    mutating func read(_ query: Span<UInt8>, from next: inout Int) -> Bool {
        let start = next
        var equals: Int?
        scan: while next < query.count {
            let byte = query[next]
            if TargetByte.isPlainInQuery(byte) {
                next += 1
                continue
            }
            switch byte {
            case 0x26: break scan
            case 0x3D: equals = equals ?? next
            case 0x25, 0x2B: if equals == nil { nameIsEncoded = true } else { valueIsEncoded = true }
            // The parser lets no such byte pass; were one to slip through, it must not reach a request line.
            default: return false
            }
            next += 1
        }
        name = ByteRange(from: start, to: equals ?? next)
        // A name without `=` has an empty value.
        value = ByteRange(from: min((equals ?? next) + 1, next), to: next)
        next += 1
        return true
    }
}
