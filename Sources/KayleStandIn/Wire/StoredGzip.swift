/// Content as a gzip member (RFC 1952) whose blocks are stored as they are (RFC 1951 §3.2.4): what a content
/// delivery network sends, but for the saving.
enum StoredGzip {
    private static let maximumBlockBytes = 65_535

    /// The member that holds `content`.
    static func member(_ content: [UInt8]) -> [UInt8] {
        var member: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        var start = 0
        repeat {
            let end = min(start + maximumBlockBytes, content.count)
            member.append(end == content.count ? 1 : 0)
            append(UInt16(end - start), to: &member)
            append(~UInt16(end - start), to: &member)
            member += content[start..<end]
            start = end
        } while start < content.count
        append(checksum(content), to: &member)
        append(UInt32(truncatingIfNeeded: content.count), to: &member)
        return member
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// CRC-32, four bits at a time (RFC 1952 §8).
    private static func checksum(_ content: [UInt8]) -> UInt32 {
        var value = UInt32.max
        for byte in content {
            value ^= UInt32(byte)
            value = (value >> 4) ^ nibbles[Int(value & 0xF)]
            value = (value >> 4) ^ nibbles[Int(value & 0xF)]
        }
        return ~value
    }

    private static let nibbles: [UInt32] = (0..<16).map { nibble in
        (0..<4).reduce(UInt32(nibble)) { value, _ in
            value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1
        }
    }
}
