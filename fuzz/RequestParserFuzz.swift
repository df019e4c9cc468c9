import HTTPModel

/// The first byte of the input says where the rest, a request, is cut.
///
/// Properties: a head cut anywhere is judged like the whole, for the same reason and into the same ranges;
/// all ranges lie inside the head; a head that is taken has no line end but CR LF, no control byte, one Host
/// at most, and one framing.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequestParser(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let input = UnsafeBufferPointer(start: start, count: count)
    let request = Array(input.dropFirst())
    var limits = HTTP1Limits()
    limits.maximumRequestLineBytes = 256
    limits.maximumHeadBytes = 1_024
    limits.maximumFieldCount = 8
    limits.maximumContentBytes = 1_000

    let whole = outcome(of: request, cuts: [], limits)
    let cut = Int(input[0]) * request.count / 255
    check(outcome(of: request, cuts: [cut], limits), isLike: whole, "cut at \(cut)")
    if request.count <= 128 {
        check(outcome(of: request, cuts: Array(0..<request.count), limits), isLike: whole, "byte by byte")
    }
    if case .complete(let headBytes) = whole.parse { checkTakenHead(request, headBytes, whole.head, limits) }
    return 0
}

private struct Outcome {
    let parse: HeadParse
    let head: RequestHead
}

private func outcome(of request: [UInt8], cuts: [Int], _ limits: HTTP1Limits) -> Outcome {
    var parser = RequestParser(limits: limits)
    var head = RequestHead()
    for cut in cuts {
        let parse = parser.parse(request.span.extracting(first: cut), into: &head)
        guard parse == .needMore else { return Outcome(parse: parse, head: head) }
        head = RequestHead(fieldCapacity: 0)
    }
    let parse = parser.parse(request.span, into: &head)
    return Outcome(parse: parse, head: head)
}

private func check(_ pieces: Outcome, isLike whole: Outcome, _ how: String) {
    precondition(pieces.parse == whole.parse, "\(how): \(pieces.parse), whole: \(whole.parse)")
    guard case .complete = whole.parse else { return }
    let (a, b) = (pieces.head, whole.head)
    precondition(
        a.method == b.method && a.methodText == b.methodText && a.target == b.target && a.path == b.path
            && a.query == b.query && a.hasQuery == b.hasQuery && a.authority == b.authority,
        "\(how): another request line")
    precondition(
        a.version == b.version && a.fields == b.fields && a.framing == b.framing
            && a.keepsAlive == b.keepsAlive && a.expectsContinue == b.expectsContinue
            && a.maxForwards == b.maxForwards && a.hasConnectionField == b.hasConnectionField,
        "\(how): other fields")
}

private func checkTakenHead(_ request: [UInt8], _ headBytes: Int, _ head: RequestHead, _ limits: HTTP1Limits)
{
    precondition(headBytes <= min(request.count, limits.maximumHeadBytes), "a head of \(headBytes) bytes")
    let ranges = [head.methodText, head.target, head.path, head.query, head.authority]
    for range in ranges + head.fields.flatMap({ [$0.name, $0.value] }) {
        precondition(range.end <= headBytes - 2, "a range ends at \(range.end) of \(headBytes)")
    }
    let bytes = request[..<headBytes]
    precondition(bytes.suffix(4) == [0x0D, 0x0A, 0x0D, 0x0A], "no empty line at the end")
    for (index, byte) in bytes.enumerated() {
        switch byte {
        case 0x0D: precondition(bytes[index + 1] == 0x0A, "a bare CR at \(index)")
        case 0x0A: precondition(index > 0 && bytes[index - 1] == 0x0D, "a bare LF at \(index)")
        case 0x09: break
        default: precondition(byte >= 0x20 && byte != 0x7F, "a control byte at \(index)")
        }
    }
    precondition(head.fields.count <= limits.maximumFieldCount, "\(head.fields.count) fields")
    precondition(head.count(of: .host) <= 1 && (head.version == .http10 || head.count(of: .host) == 1))
    let (lengths, codings) = (head.count(of: .contentLength), head.count(of: .transferEncoding))
    switch head.framing {
    case .none: precondition(lengths == 0 && codings == 0)
    case .length(let bytes):
        precondition(lengths == 1 && codings == 0 && bytes <= limits.maximumContentBytes)
    case .chunked: precondition(lengths == 0 && codings == 1 && head.version == .http11)
    case .untilClose: preconditionFailure("a request without an end")
    }
    precondition(request[Int(head.path.start)] == 0x2F || head.method == .options, "a path without a slash")
    precondition(!head.target.isEmpty && !head.path.isEmpty && (head.hasQuery || head.query.isEmpty))
}
