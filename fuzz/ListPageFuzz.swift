import HTTPModel

/// Feeds arbitrary bytes to the scanner of list pages and checks what must hold for every body.
///
/// Properties: whatever is cut off a page leaves none; a page sliced by its own question is itself; every
/// slice is a page again, answers its question, has the tag of that page, and slices like the page it came
/// from.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzListPage(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer owns the bytes and keeps them until this function returns.
    let body = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let page = ListPage(body.span, model: model) else { return 0 }
    for end in [0, 1, body.count / 2, body.count - 1] where end < body.count {
        precondition(ListPage(body.span.extracting(first: end), model: model) == nil, "cut at \(end)")
    }
    check(body, page, target: "/l?limit=\(page.limit)")
    return 0
}

private let model: PageModel = {
    do throws(PageModelFailure) {
        return try PageModel(
            names: PageModel.Names(),
            parameters: [
                .init("status", .equals(member: "status")), .init("from", .from(member: "created_at")),
                .init("to", .to(member: "created_at")), .init("limit", .limit(standard: 10)),
                .init("after", .cursor), .init("attempts", .includes(member: "attempts")),
            ], order: try RowOrder(prefixes: ["vs_", ""], alphabet: "0123456789ab", length: 2))
    } catch {
        preconditionFailure("the fuzz model is wrong: \(error.sentence)")
    }
}()

private func entry(_ body: [UInt8], target: String) -> CacheEntry? {
    let target = Array(target.utf8)
    guard
        let window = PageWindow(
            body.span, answering: target.span, model: model, receivedUnixSeconds: 0, listHash: { _ in 0 })
    else { return nil }
    var head = ResponseHead(status: .ok)
    head.append(name: Array("Content-Type".utf8).span, value: Array("application/json".utf8).span)
    let end = MonotonicInstant(nanoseconds: 2)
    return CacheEntry(
        key: CacheKey(partition: CachePartition(id: 1), route: 1, query: target, hash: 0), judgedWrites: 0,
        answer: CollectedAnswer(head: head, receivedUnixSeconds: 0), body: body.span,
        decision: .store(
            Freshness(receivedAt: MonotonicInstant(nanoseconds: 1), initialAgeNanoseconds: 0, freshUntil: end)
        ),
        window: window)
}

private func slice(_ target: String, of entry: CacheEntry) -> (body: [UInt8], tag: [UInt8])? {
    let held = entry.bytes
    let target = Array(target.utf8)
    guard let window = entry.window, let question = PageQuestion(target.span, model: model),
        let derivation = PageDerivation(
            question, target.span, from: window, held.span, bodyStart: Int(entry.body.start))
    else { return nil }
    let slice = PageSlice(derivation, limit: question.limit, of: entry, window)
    let whole = CacheEntry(slice, bodyByteCount: slice.bodyByteCount)
    precondition(Int(whole.body.count) == slice.bodyByteCount, "\(slice.bodyByteCount) bytes announced")
    return (Array(whole.bytes[whole.body.range]), Array(whole.bytes[whole.eTag.range]))
}

private func check(_ body: [UInt8], _ page: ListPage, target: String) {
    // A question for no rows is read off nothing.
    guard page.limit > 0, let source = entry(body, target: target) else { return }
    guard let same = slice(target, of: source) else { preconditionFailure("its own question is open") }
    precondition(same.body == body, "its own question has another answer")
    precondition(same.tag == Array(source.bytes[source.eTag.range]), "its own question has another tag")
    for limit in [1, 2, page.limit + 1] {
        for filter in ["", "status=a&", "from=2026-01-01T00:00:00.000Z&", "to=2026-01-01T00:00:00.000Z&"] {
            let question = "/l?\(filter)limit=\(limit)"
            guard let made = slice(question, of: source) else { continue }
            guard let again = entry(made.body, target: question) else {
                preconditionFailure("a slice is no page: \(question)")
            }
            precondition(made.tag == Array(again.bytes[again.eTag.range]), "a slice has another tag")
            let smaller = "/l?\(filter)limit=1"
            if let twice = slice(smaller, of: again), let once = slice(smaller, of: source) {
                precondition(twice.body == once.body, "slices differ: \(smaller)")
            }
        }
    }
}
