/// Percent-decoding as JavaScript does it run by run.
enum PercentDecoding {
    /// Decodes every run of `%XX` triples that is valid UTF-8; other runs stay as they are. An escape of a
    /// character in `reserved` stays too, as with `decodeURI`.
    static func decoded(_ text: String, keeping reserved: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.contains(0x25) else { return text }
        let kept = Array(reserved.utf8)
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            let start = position
            var literal: [UInt8] = []
            var run: [UInt8] = []
            while position + 2 < bytes.count, bytes[position] == 0x25,
                let high = hexadecimal(bytes[position + 1]), let low = hexadecimal(bytes[position + 2])
            {
                let byte = high << 4 | low
                if kept.contains(byte) {
                    literal += bytes[position..<(position + 3)]
                } else {
                    literal.append(byte)
                }
                run.append(byte)
                position += 3
            }
            if position == start {
                result.append(bytes[position])
                position += 1
            } else {
                result +=
                    String(validating: run, as: UTF8.self) == nil ? Array(bytes[start..<position]) : literal
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
