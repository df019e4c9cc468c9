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

    /// A declared parameter's value in the query, still encoded.
    private struct Value {
        var range = ByteRange.empty
        var isEncoded = false
    }

    /// What a walk over the query found, one bit for each parameter of the model.
    private struct Findings {
        var present: UInt32 = 0
        var repeated: UInt32 = 0
    }

    // Meaningful for parameters present in the query at hand.
    private var values = [Value](repeating: Value(), count: ListQueryModel.maximumParameters)
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
        _ query: Span<UInt8>, model: borrowing ListQueryModel, into output: inout ByteBuffer
    ) -> QueryNormalization {
        output.removeAll()
        var findings = Findings()
        if let refusal = find(in: query, model: model, findings: &findings) { return .refused(refusal) }

        var limit = model.defaultPageSize
        var opaque: OpaqueReason?
        let entries = model.entries.span
        for index in entries.indices where findings.present & (1 << UInt32(index)) != 0 {
            if findings.repeated & (1 << UInt32(index)) != 0 {
                output.removeAll()
                return .refused(.repeated(parameter: model.parameters[index].name))
            }
            let start = output.count
            if start > 0 { output.append(0x26) }
            output.append(model.vocabulary.bytes.span.extracting(entries[index].name.range))
            output.append(0x3D)
            switch read(values[index], of: query, rule: entries[index].rule, model: model, into: &output) {
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

    /// Walks over the pairs once and notes the values of declared parameters; skips all others.
    private mutating func find(
        in query: Span<UInt8>, model: borrowing ListQueryModel, findings: inout Findings
    ) -> QueryRefusal? {
        var next = 0
        var pairs = 0
        while next < query.count {
            pairs += 1
            guard pairs <= Self.maximumPairs else { return .tooManyParameters(maximum: Self.maximumPairs) }
            let start = next
            var equals = -1
            var nameIsEncoded = false
            var valueIsEncoded = false
            scan: while next < query.count {
                let byte = query[next]
                if TargetByte.isPlainInQuery(byte) {
                    next += 1
                    continue
                }
                switch byte {
                case 0x26: break scan
                case 0x3D: if equals < 0 { equals = next }
                case 0x25, 0x2B: if equals < 0 { nameIsEncoded = true } else { valueIsEncoded = true }
                // The parser lets no such byte pass; were one to slip through, it must not reach a request
                // line.
                default: return .byteForbidden
                }
                next += 1
            }
            let nameEnd = equals < 0 ? next : equals
            let valueStart = equals < 0 ? next : equals + 1
            let name = query.extracting(start..<nameEnd)
            if let index = index(of: name, isEncoded: nameIsEncoded, model: model) {
                let bit: UInt32 = 1 << UInt32(index)
                findings.repeated |= findings.present & bit
                findings.present |= bit
                values[index] = Value(range: ByteRange(from: valueStart, to: next), isEncoded: valueIsEncoded)
            }
            next += 1
        }
        return nil
    }

    /// The declared parameter of this name, compared after decoding: `li%6Dit` is `limit`.
    private mutating func index(
        of name: Span<UInt8>, isEncoded: Bool, model: borrowing ListQueryModel
    ) -> Int? {
        guard isEncoded else { return model.index(named: name) }
        FormDecoding.decode(name, into: &decoded)
        return model.index(named: decoded.span)
    }

    /// Reads one value by its rule, decoded if need be.
    private mutating func read(
        _ value: Value, of query: Span<UInt8>, rule: QueryRule, model: borrowing ListQueryModel,
        into output: inout ByteBuffer
    ) -> QueryReading {
        let text = query.extracting(value.range.range)
        guard value.isEncoded else { return rule.read(text, vocabulary: model.vocabulary, into: &output) }
        FormDecoding.decode(text, into: &decoded)
        return rule.read(decoded.span, vocabulary: model.vocabulary, into: &output)
    }
}
