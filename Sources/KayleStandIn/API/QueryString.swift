/// A query as the upstream's framework reads it.
///
/// Names are compared with case, after decoding; `&` alone separates; a pair without a name is skipped; a
/// name without `=` has an empty value; a second `?` is part of its name or value.
struct QueryString {
    private var valuesByName: [String: [String]] = [:]

    /// Reads the bytes after the first `?` of a request target.
    init(_ text: String) {
        for pair in text.split(separator: "&", omittingEmptySubsequences: true) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, !name.isEmpty else { continue }
            valuesByName[Self.decoded(name), default: []].append(
                parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
    }

    /// All values of a name, in the order of the request.
    func values(_ name: String) -> [String] {
        valuesByName[name] ?? []
    }

    /// JavaScript's truth of a parameter: one value that is not empty, or any repetition, since an array is
    /// true.
    func isTruthy(_ name: String) -> Bool {
        let values = values(name)
        return values.count > 1 || values.first?.isEmpty == false
    }

    private static func decoded(_ text: Substring) -> String {
        PercentDecoding.decoded(String(text.replacing("+", with: " ")), keeping: "")
    }
}
