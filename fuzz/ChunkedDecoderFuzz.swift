import HTTPModel

/// The first byte of the input is the size of the pieces in which the rest, chunked content, arrives.
///
/// Properties: content in pieces is judged like the whole, with the same bytes and the same end; every range
/// lies inside what was given and what was consumed; no more content comes out than went in or is allowed;
/// content that was taken gives itself again when written as chunks and read back.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzChunkedDecoder(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let input = UnsafeBufferPointer(start: start, count: count)
    let bytes = Array(input.dropFirst())

    let whole = decode(bytes, pieceBytes: bytes.count)
    let pieces = decode(bytes, pieceBytes: max(1, Int(input[0])))
    precondition(pieces == whole, "in pieces: \(pieces.end), whole: \(whole.end)")
    precondition(whole.content.count <= min(bytes.count, maximumContentBytes), "\(whole.content.count) bytes")

    if case .finished = whole.end {
        var buffer = ByteBuffer()
        ResponseEncoder.chunk(whole.content.span, into: &buffer)
        ResponseEncoder.lastChunk(into: &buffer)
        let written = buffer.withBytes { $0.array }
        let again = decode(written, pieceBytes: written.count)
        precondition(again == Decoded(content: whole.content, end: .finished(written.count)), "not read back")
    }
    return 0
}

private let maximumContentBytes = 500

private struct Decoded: Equatable {
    enum End: Equatable {
        case finished(Int), unfinished, refused(MessageRefusal)
    }

    var content: [UInt8] = []
    var end: End
}

/// Decodes as a connection does: what is consumed is dropped, the rest comes again with the next piece. The
/// content that came before a refusal depends on the cut and is left out.
private func decode(_ bytes: [UInt8], pieceBytes: Int) -> Decoded {
    var decoder = ContentDecoder(framing: .chunked, maximumContentBytes: UInt64(maximumContentBytes))
    var content: [UInt8] = []
    var (start, end) = (0, min(bytes.count, pieceBytes))
    while true {
        switch decoder.next(bytes.span.extracting(start..<end)) {
        case .content(let range, let consumed):
            precondition(
                !range.isEmpty && range.end <= consumed && consumed <= end - start, "\(range), \(consumed)")
            content += bytes[(start + Int(range.start))..<(start + range.end)]
            start += consumed
        case .finished(let consumed):
            precondition(consumed <= end - start, "\(consumed) of \(end - start) consumed")
            return Decoded(content: content, end: .finished(start + consumed))
        case .refused(let reason): return Decoded(end: .refused(reason))
        case .needMore(let consumed):
            precondition(consumed == end - start, "\(consumed) of \(end - start) consumed")
            guard end < bytes.count else { return Decoded(content: content, end: .unfinished) }
            start += consumed
            end = min(bytes.count, end + pieceBytes)
        }
    }
}
