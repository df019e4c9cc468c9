import HTTPModel

/// The first byte of the input says what was asked; the rest are the lines an upstream answered with, cut
/// behind each line feed as libcurl cuts them.
///
/// Properties: a refusal stands; a head that is taken holds no line end, no control byte, no field of a single
/// connection and none that Connection names; its framing is what its own lines say, read by another, simpler
/// reader; written out and read again it is the same head.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzResponseHead(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // libFuzzer owns the bytes and keeps them until this function returns.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let method: Method = input[0] % 4 == 0 ? .head : .get
    let lines = cut(input.dropFirst())
    var reader = ResponseHeadReader(limits: limits, method: method)
    for (index, line) in lines.enumerated() {
        switch reader.consume(line.span) {
        case .more: continue
        case .interim(let head):
            precondition(head.status.rawValue == 103, "an interim \(head.status.rawValue) is passed on")
            checkFields(head)
        case .final(let head, let framing):
            precondition(!head.status.isInformational, "a final \(head.status.rawValue)")
            checkFields(head)
            checkNominations(head, lines[...index])
            checkFraming(framing, head, method, lines[...index])
            checkReadAgain(head, framing, method)
            guard case .refused = reader.consume("X: 1\r\n".bytes.span) else {
                preconditionFailure("a line behind the head was taken")
            }
            return 0
        case .refused(let failure):
            guard case .refused(failure) = reader.consume("HTTP/1.1 200 OK\r\n".bytes.span) else {
                preconditionFailure("the refusal \(failure) did not stand")
            }
            return 0
        }
    }
    return 0
}

private let limits = ResponseHeadReader.Limits(headBytes: 1_024, fieldCount: 8, interimCount: 2)

private func cut(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
    var lines: [[UInt8]] = [[]]
    for byte in bytes {
        lines[lines.count - 1].append(byte)
        if byte == 0x0A { lines.append([]) }
    }
    if lines[lines.count - 1].isEmpty { lines.removeLast() }
    return lines
}

private func checkFields(_ head: ResponseHead) {
    precondition(head.fields.count <= limits.fieldCount, "\(head.fields.count) fields")
    for line in head.fields {
        precondition(line.name.end <= head.bytes.count && line.value.end <= head.bytes.count, "out of bounds")
        precondition(!line.known.isHopByHop, "a field of the connection: \(line.known)")
        let (name, value) = (head.bytes[line.name.range], head.bytes[line.value.range])
        precondition(!name.isEmpty && name.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }, "a name")
        precondition(value.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }, "a control byte")
        precondition(value.first != 0x20 && value.last != 0x20 && value.first != 0x09 && value.last != 0x09)
    }
}

/// No field that is named in a Connection line of the final head is left.
private func checkNominations(_ head: ResponseHead, _ lines: ArraySlice<[UInt8]>) {
    let names = Set(head.fields.map { lowercased(head.bytes[$0.name.range]) })
    for (name, value) in fieldLines(lines) where name == "connection".bytes {
        for member in value.split(separator: 0x2C) {
            let nominated = lowercased(trimmed(member))
            precondition(!names.contains(nominated), "\(String(decoding: nominated, as: UTF8.self)) stayed")
        }
    }
}

/// The framing, told from the lines of the final head alone.
private func checkFraming(
    _ framing: ContentFraming, _ head: ResponseHead, _ method: Method, _ lines: ArraySlice<[UInt8]>
) {
    let fields = fieldLines(lines)
    let lengths = fields.filter { $0.name == "content-length".bytes }.map { String(decoding: $0.value, as: UTF8.self) }
    let codings = fields.filter { $0.name == "transfer-encoding".bytes }.map { lowercased($0.value[...]) }
    precondition(lengths.count + codings.count <= 1, "two framings were taken")
    precondition(codings.allSatisfy { $0 == "chunked".bytes }, "another coding was taken")
    precondition(lengths.allSatisfy { Int64($0) != nil && !$0.hasPrefix("+") && !$0.hasPrefix("-") }, "a length")
    if method == .head || head.status.forbidsContent {
        precondition(framing == .none, "content where there is none: \(framing)")
    } else if let length = lengths.first.flatMap({ UInt64($0) }) {
        precondition(framing == .length(length), "\(framing), said \(length)")
    } else {
        precondition(framing == (codings.isEmpty ? .untilClose : .chunked), "\(framing)")
    }
}

/// Framing fields that belong to the connection are written again from the framing.
private func checkReadAgain(_ head: ResponseHead, _ framing: ContentFraming, _ method: Method) {
    var reader = ResponseHeadReader(limits: limits, method: method)
    _ = reader.consume("HTTP/1.1 \(head.status.rawValue)\r\n".bytes.span)
    for line in head.fields {
        let written = head.bytes[line.name.range] + ":".bytes + head.bytes[line.value.range] + "\r\n".bytes
        guard case .more = reader.consume(Array(written).span) else { preconditionFailure("not read back") }
    }
    if framing == .chunked { _ = reader.consume("Transfer-Encoding: chunked\r\n".bytes.span) }
    guard case .final(let again, let framingAgain) = reader.consume("\r\n".bytes.span) else {
        // What was removed made room for nothing: only the line of the coding can be one too many.
        precondition(framing == .chunked && head.fields.count == limits.fieldCount, "the head has no end")
        return
    }
    precondition(again.status == head.status && framingAgain == framing, "\(framingAgain), was \(framing)")
    precondition(again.fields.count == head.fields.count, "\(again.fields.count) fields")
    for (a, b) in zip(again.fields, head.fields) {
        precondition(again.bytes[a.name.range] == head.bytes[b.name.range], "another name")
        precondition(again.bytes[a.value.range] == head.bytes[b.value.range], "another value")
    }
}

/// The field lines behind the last status line, names in lower case, values without the white space around.
private func fieldLines(_ lines: ArraySlice<[UInt8]>) -> [(name: [UInt8], value: [UInt8])] {
    let start = lines.lastIndex { $0.starts(with: "HTTP/".bytes) && !$0.prefix { $0 != 0x20 }.contains(0x3A) }
    return lines[((start ?? -1) + 1)...].compactMap { line in
        guard let colon = line.firstIndex(of: 0x3A) else { return nil }
        return (lowercased(line[..<colon]), Array(trimmed(line[(colon + 1)...].dropLast(2))))
    }
}

private func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let start = bytes.drop { $0 == 0x20 || $0 == 0x09 }
    return start.prefix(upTo: start.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { $0 + 1 } ?? start.startIndex)
}

private func lowercased(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
}

extension String {
    fileprivate var bytes: [UInt8] { Array(utf8) }
}
