import HTTPModel

/// The value of `If-None-Match` (RFC 9110 §13.1.2): entity tags that the client has, or `*` for any.
public enum EntityTagList {
    /// Whether the list names this tag. Tags are compared weakly (RFC 9110 §8.8.3.2): without regard to `W/`.
    /// What cannot be read names nothing, so a doubt costs a whole answer and never a wrong 304.
    public static func names(_ tag: Span<UInt8>, in list: Span<UInt8>) -> Bool {
        let wanted = opaque(tag)
        guard wanted.count >= 2 else { return false }
        var index = 0
        skipBlanks(list, &index)
        if index < list.count, list[index] == UInt8(ascii: "*") {
            index += 1
            skipBlanks(list, &index)
            return index == list.count
        }
        while index < list.count {
            // Empty members are allowed (RFC 9110 §5.6.1).
            if list[index] == UInt8(ascii: ",") {
                index += 1
                skipBlanks(list, &index)
                continue
            }
            if index + 2 <= list.count, list[index] == UInt8(ascii: "W"), list[index + 1] == UInt8(ascii: "/")
            {
                index += 2
            }
            guard index < list.count, list[index] == 0x22 else { return false }
            let start = index
            index += 1
            while index < list.count, list[index] != 0x22 { index += 1 }
            guard index < list.count else { return false }
            index += 1
            let end = index
            skipBlanks(list, &index)
            guard index == list.count || list[index] == UInt8(ascii: ",") else { return false }
            if list.extracting(start..<end).equals(part: wanted, of: tag) { return true }
        }
        return false
    }

    /// Where the quoted part of a tag stands.
    private static func opaque(_ tag: Span<UInt8>) -> Range<Int> {
        let isWeak = tag.count >= 2 && tag[0] == UInt8(ascii: "W") && tag[1] == UInt8(ascii: "/")
        return (isWeak ? 2 : 0)..<tag.count
    }

    private static func skipBlanks(_ list: Span<UInt8>, _ index: inout Int) {
        while index < list.count, list[index].isBlank { index += 1 }
    }
}

extension Span where Element == UInt8 {
    /// Whether these bytes are a part of others.
    fileprivate func equals(part: Range<Int>, of whole: Span<UInt8>) -> Bool {
        equals(whole.extracting(part))
    }
}
