import HTTPModel

/// Feeds arbitrary bytes to both normalizers and checks what must hold for every input.
///
/// The first byte chooses: a path, a query of the sessions list, or a query of a model that has every other kind.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNormalizers(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer owns the bytes and keeps them until this function returns.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    switch choice % 3 {
    case 0: checkPath(bytes)
    case 1: checkQuery(bytes, model: KayleQueries.sessionsList)
    default: checkQuery(bytes, model: textModel)
    }
    return 0
}

/// A model with the kinds that the sessions list lacks.
private let textModel: ListQueryModel = {
    do throws(ListQueryModelFailure) {
        return try ListQueryModel(
            parameters: [
                QueryParameter("q", .text(maximumBytes: 64)),
                QueryParameter("n", .integer(minimum: 0, maximum: 9_007_199_254_740_991, default: nil)),
                QueryParameter("c", .cursor(CursorShape(prefixes: ["", "-"], alphabet: "~.", length: 1))),
                QueryParameter("size", .integer(minimum: 1, maximum: 9, default: 5)),
            ], pageSize: "size")
    } catch {
        preconditionFailure("the fuzz model is wrong: \(error.sentence)")
    }
}()

/// A canonical path is a fixed point, no longer than the path, and free of anything to decide about.
private func checkPath(_ path: [UInt8]) {
    var output = ByteBuffer()
    switch PathNormalizer.normalize(path.span, into: &output) {
    case .unchanged, .refused: precondition(output.isEmpty, "bytes left behind")
    case .rewritten:
        let canonical = output.withBytes { $0.array }
        precondition(canonical != path, "rewritten into itself")
        precondition(canonical.count <= path.count, "grown")
        precondition(PathNormalizer.normalize(canonical.span, into: &output) == .unchanged, "no fixed point")
        let segments = canonical.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        precondition(!segments.contains(Array(".".utf8)[...]) && !segments.contains(Array("..".utf8)[...]))
    }
}

/// A canonical query is a fixed point with the same page size, and is fit for a request line.
private func checkQuery(_ query: [UInt8], model: ListQueryModel) {
    var normalizer = ListQueryNormalizer()
    var output = ByteBuffer()
    let answer = normalizer.normalize(query.span, model: model, into: &output)
    let canonical = output.withBytes { $0.array }
    switch answer {
    case .opaque, .refused: precondition(canonical.isEmpty, "bytes left behind")
    case .canonical:
        precondition(canonical.allSatisfy { (0x21...0x7E).contains($0) }, "no query")
        let again = normalizer.normalize(canonical.span, model: model, into: &output)
        precondition(again == answer, "another meaning: \(again)")
        precondition(output.withBytes { $0.equals(canonical.span) }, "no fixed point")
    }
    // The same query means the same in whatever order its pairs stand, unless a name occurs twice.
    let pairs = query.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
    let reversed = Array(pairs.reversed().joined(separator: [UInt8(ascii: "&")]))
    if case .canonical = answer, normalizer.normalize(reversed.span, model: model, into: &output) == answer {
        precondition(output.withBytes { $0.equals(canonical.span) }, "the order of pairs shows")
    } else if case .canonical = answer {
        // A last empty pair is not counted, a first one is.
        precondition(pairs.count >= ListQueryNormalizer.maximumPairs, "the order of pairs decides")
    }
}
