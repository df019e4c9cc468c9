import HTTPModel

/// The field section (RFC 9112 §5): lines of `field-name ":" OWS field-value OWS`, ended by an empty one.
extension RequestParser {
    /// Reads field lines up to the empty one; never returns `nil`, as nothing follows. This loop is most of the
    /// cost of a request's head, hence its state is local and goes back to `progress` only when bytes run out.
    mutating func readFields(_ bytes: Span<UInt8>, into head: inout RequestHead) -> HeadParse? {
        let limit = limits.maximumHeadBytes
        let section = bytes.extracting(first: limit)
        var (lineStart, nameEnd, cursor) = (progress.start, progress.nameEnd, progress.cursor)
        while true {
            if nameEnd == 0 {
                cursor = ByteClass.token.end(in: section, from: cursor, to: section.count)
                guard cursor < section.count else { break }
                guard section[cursor] == UInt8(ascii: ":"), cursor > lineStart else {
                    (progress.start, progress.nameEnd, progress.cursor) = (lineStart, 0, cursor)
                    return endFields(bytes)
                }
                guard progress.fieldCount < limits.maximumFieldCount else { return .refused(.tooManyFields) }
                progress.fieldCount += 1
                nameEnd = cursor
                cursor += 1
            }
            cursor = endOfFieldValue(section, from: cursor)
            guard cursor < section.count else { break }
            if let outcome = checkLineEnd(section, at: cursor, limit: limit, otherwise: .fieldValueInvalid) {
                guard outcome == .needMore else { return outcome }
                break
            }
            let line = FieldOffsets(start: lineStart, nameEnd: nameEnd, end: cursor)
            if let reason = takeField(section, line, into: &head) { return .refused(reason) }
            lineStart = cursor + 2
            cursor = lineStart
            nameEnd = 0
        }
        (progress.start, progress.nameEnd, progress.cursor) = (lineStart, nameEnd, cursor)
        return bytes.count < limit ? .needMore : .refused(.headTooLarge)
    }

    /// Where one field line stands: `start ..< nameEnd` is its name, a colon follows, its CR LF is at `end`.
    private struct FieldOffsets {
        let start, nameEnd, end: Int
    }

    /// RFC 9110 §5.5: takes the value without the white space around it.
    @inline(__always)
    private mutating func takeField(
        _ section: Span<UInt8>, _ line: FieldOffsets, into head: inout RequestHead
    ) -> MessageRefusal? {
        let whitespace = ByteClass.optionalWhitespace
        var (start, end) = (line.nameEnd + 1, line.end)
        while start < end, whitespace.contains(section[start]) { start += 1 }
        while start < end, whitespace.contains(section[end - 1]) { end -= 1 }
        let name = FieldName(section.extracting(line.start..<line.nameEnd))
        let value = ByteRange(inHead: start, end)
        head.fields.append(
            FieldLine(name: ByteRange(inHead: line.start, line.nameEnd), value: value, known: name))
        guard name != .other else { return nil }
        return progress.governing.take(name, section.extracting(start..<end), at: value)
    }

    /// The line at `progress.start` is the empty one, or no field line: what stands at `progress.cursor` is not
    /// the colon after a name.
    private func endFields(_ bytes: Span<UInt8>) -> HeadParse {
        let offset = progress.cursor
        let isEmpty = offset == progress.start
        switch bytes[offset] {
        case Self.carriageReturn:
            guard isEmpty else { return .refused(.colonMissing) }
            let outcome = checkLineEnd(
                bytes, at: offset, limit: limits.maximumHeadBytes, otherwise: .bareCarriageReturn)
            return outcome ?? .complete(headBytes: offset + 2)
        // RFC 9112 §5.1 and §5.2: white space before the colon and folded lines were two ways of hiding a field.
        case UInt8(ascii: " "), UInt8(ascii: "\t"):
            return .refused(isEmpty ? .foldedFieldLine : .whitespaceBeforeColon)
        case UInt8(ascii: ":"): return .refused(.fieldNameEmpty)
        case Self.lineFeed: return .refused(.bareLineFeed)
        default: return .refused(.fieldNameInvalid)
        }
    }

    /// The offset of the first byte that no field value can hold; `bytes.count` when there is none. Values are
    /// most of a head, hence eight bytes at a time.
    @inline(__always)
    private func endOfFieldValue(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index <= bytes.count - 8 {
            let controls = Self.controlBytes(in: bytes.word(at: index))
            guard controls != 0 else {
                index &+= 8
                continue
            }
            index &+= controls.trailingZeroBitCount / 8
            guard bytes[index] == UInt8(ascii: "\t") else { return index }
            index &+= 1
        }
        return ByteClass.fieldValue.end(in: bytes, from: index, to: bytes.count)
    }

    /// The high bit of each byte below 0x20 or equal to 0x7F. A borrow can mark further bytes above a marked one,
    /// never below: the lowest mark is exact, and none means none.
    private static func controlBytes(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let deletes = word ^ (ones &* 0x7F)
        let low = (word &- ones &* 0x20) & ~word
        return (low | (deletes &- ones) & ~deletes) & (ones &* 0x80)
    }
}

extension ByteRange {
    /// The run `from ..< to` of a head. Offsets there are below 65 536, which `RequestParser` insists on, so
    /// nothing is cut off.
    @inline(__always)
    fileprivate init(inHead from: Int, _ to: Int) {
        self.init(start: UInt32(truncatingIfNeeded: from), count: UInt32(truncatingIfNeeded: to &- from))
    }
}
