/// Reads one JSON text by recursive descent over its bytes.
///
/// A value of its own, so that the grammar (RFC 8259) is in one place and the tree knows nothing of bytes. It
/// stops at the first mistake: after a broken bracket every further message would be a guess.
struct JSONReader {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var index = 0
    private var line = 1
    /// The offset that column 1 of this line would have if every character were one byte: moved on by each
    /// continuation byte, so that a column counts characters.
    private var lineStart = 0

    /// A reader at the start of the text.
    init(_ bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Reads the only value of the text and makes sure that nothing follows it.
    mutating func readDocument() throws(JSONMistake) -> JSONValue {
        guard bytes.count <= limits.maximumBytes else {
            throw mistake("the text has \(bytes.count) bytes, allowed are at most \(limits.maximumBytes)")
        }
        // RFC 8259 §8.1 forbids writing a byte order mark and leaves refusing it to the reader.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw mistake("the text starts with a byte order mark; save it as UTF-8 without one")
        }
        skipSpace()
        let value = try readValue(depth: 0)
        skipSpace()
        guard index == bytes.count else { throw unexpected("the end of the text") }
        return value
    }

    private mutating func readValue(depth: Int) throws(JSONMistake) -> JSONValue {
        let start = position
        guard let byte = current else { throw unexpected("a value") }
        switch byte {
        case UInt8(ascii: "{"): return JSONValue(.object(try readMembers(depth: depth + 1)), at: start)
        case UInt8(ascii: "["): return JSONValue(.array(try readElements(depth: depth + 1)), at: start)
        case UInt8(ascii: "\""): return JSONValue(.string(try readString()), at: start)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return JSONValue(.number(try readNumber()), at: start)
        case UInt8(ascii: "t"): return JSONValue(try readWord("true", .boolean(true)), at: start)
        case UInt8(ascii: "f"): return JSONValue(try readWord("false", .boolean(false)), at: start)
        case UInt8(ascii: "n"): return JSONValue(try readWord("null", .null), at: start)
        default: throw unexpected("a value")
        }
    }

    /// Members up to which each new key is compared with all before it.
    private static let fewMembers = 16

    private mutating func readMembers(depth: Int) throws(JSONMistake) -> [JSONMember] {
        try enter(depth)
        var members: [JSONMember] = []
        // Swift compares strings by canonical equivalence, so two spellings of one letter count as one key:
        // people could not tell them apart either. Few are looked through; a set is made for many.
        var keys: Set<String> = []
        if current == UInt8(ascii: "}") {
            index += 1
            return members
        }
        while true {
            let keyPosition = position
            guard current == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
            let key = try readString()
            let isNew: Bool
            if members.count < Self.fewMembers {
                isNew = !members.contains { $0.key == key }
            } else {
                if keys.isEmpty { keys = Set(members.map(\.key)) }
                isNew = keys.insert(key).inserted
            }
            guard isNew else {
                throw JSONMistake(position: keyPosition, text: "the key \(JSONText.quoted(key)) occurs twice")
            }
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw unexpected("':'") }
            index += 1
            skipSpace()
            members.append(JSONMember(key, try readValue(depth: depth), keyPosition: keyPosition))
            skipSpace()
            switch current {
            case UInt8(ascii: ","):
                index += 1
                skipSpace()
            case UInt8(ascii: "}"):
                index += 1
                return members
            default: throw unexpected("',' or '}'")
            }
        }
    }

    private mutating func readElements(depth: Int) throws(JSONMistake) -> [JSONValue] {
        try enter(depth)
        var elements: [JSONValue] = []
        if current == UInt8(ascii: "]") {
            index += 1
            return elements
        }
        while true {
            elements.append(try readValue(depth: depth))
            skipSpace()
            switch current {
            case UInt8(ascii: ","):
                index += 1
                skipSpace()
            case UInt8(ascii: "]"):
                index += 1
                return elements
            default: throw unexpected("',' or ']'")
            }
        }
    }

    /// Steps over an opening bracket; the depth is bounded because every level uses the stack.
    private mutating func enter(_ depth: Int) throws(JSONMistake) {
        guard depth <= limits.maximumDepth else {
            throw mistake("more than \(limits.maximumDepth) objects and lists inside each other")
        }
        index += 1
        skipSpace()
    }

    private mutating func readWord(_ word: StaticString, _ content: JSONContent) throws(JSONMistake)
        -> JSONContent
    {
        let text = "\(word)"
        guard bytes[index...].starts(with: text.utf8) else { throw unexpected("a value") }
        index += text.utf8.count
        // `nullx` is not a `null` with something after it.
        if let byte = current, byte.isJSONWordByte { throw unexpected("',' or the end of what surrounds it") }
        return content
    }

    private mutating func readNumber() throws(JSONMistake) -> JSONNumber {
        let start = index
        if current == UInt8(ascii: "-") { index += 1 }
        if current == UInt8(ascii: "0") {
            index += 1
            if let byte = current, byte.isJSONDigit { throw mistake("a number has no leading zero") }
        } else {
            try readDigits()
        }
        if current == UInt8(ascii: ".") {
            index += 1
            try readDigits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            index += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
            try readDigits()
        }
        if let byte = current, byte.isJSONWordByte { throw unexpected("a digit or the end of the number") }
        return JSONNumber(checked: String(decoding: bytes[start..<index], as: UTF8.self))
    }

    private mutating func readDigits() throws(JSONMistake) {
        guard let byte = current, byte.isJSONDigit else { throw unexpected("a digit") }
        while let byte = current, byte.isJSONDigit { index += 1 }
    }

    /// Reads a string from its opening quote past its closing one.
    private mutating func readString() throws(JSONMistake) -> String {
        let start = position
        index += 1
        var text: [UInt8] = []
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try readEscape(into: &text)
            case 0..<0x20:
                throw mistake("a control character (\(Self.name(of: byte))) must be written as an escape")
            case 0x20..<0x80:
                // All of a run at once: most strings are one.
                let start = index
                while let byte = current, byte.isPlainInJSONString { index += 1 }
                text.append(contentsOf: bytes[start..<index])
            default:
                let length = try lengthOfCharacter()
                text.append(contentsOf: bytes[index..<index + length])
                index += length
                lineStart += length - 1
            }
        }
        throw JSONMistake(position: start, text: "the string that starts here has no closing quote")
    }

    private mutating func readEscape(into text: inout [UInt8]) throws(JSONMistake) {
        let start = position
        index += 1
        guard let byte = current else { throw unexpected("an escape") }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            index += 1
            text.append(contentsOf: Array(String(Character(try readScalar(from: start))).utf8))
            return
        default: throw unexpected("one of \"\\/bfnrtu after the backslash")
        }
        index += 1
    }

    /// Reads what follows `\u`: four digits, or a pair of surrogates with the second escape between them.
    private mutating func readScalar(from start: TextPosition) throws(JSONMistake) -> Unicode.Scalar {
        let first = try readFourDigits()
        // RFC 8259 §7: a scalar above U+FFFF is a pair; half a pair is no character at all.
        if first & 0xFC00 == 0xD800, index + 1 < bytes.count, current == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        {
            index += 2
            let second = try readFourDigits()
            if second & 0xFC00 == 0xDC00,
                let scalar = Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + second & 0x3FF)
            {
                return scalar
            }
        } else if let scalar = Unicode.Scalar(first) {
            return scalar
        }
        throw JSONMistake(position: start, text: "half of a surrogate pair is not a character")
    }

    private mutating func readFourDigits() throws(JSONMistake) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = byte.hexadecimalValue else {
                throw unexpected("four hexadecimal digits after \\u")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    /// Number of bytes of the character at `index`, which is not ASCII. Refuses overlong forms, surrogates
    /// and anything above U+10FFFF (RFC 3629 §4): such bytes have no single meaning.
    private func lengthOfCharacter() throws(JSONMistake) -> Int {
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch bytes[index] {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: throw mistake("the byte \(Self.name(of: bytes[index])) is not UTF-8")
            }
        let rest = bytes.dropFirst(index + 1).prefix(length - 1)
        guard rest.count == length - 1, let head = rest.first, second.contains(head),
            rest.dropFirst().allSatisfy({ $0 & 0xC0 == 0x80 })
        else { throw mistake("the byte \(Self.name(of: bytes[index])) starts a character that is not UTF-8") }
        return length
    }

    private mutating func skipSpace() {
        while let byte = current {
            switch byte {
            case 0x0A:
                index += 1
                line += 1
                lineStart = index
            case 0x20, 0x09, 0x0D: index += 1
            default: return
            }
        }
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private var position: TextPosition { TextPosition(line: line, column: index - lineStart + 1) }

    private func mistake(_ text: String) -> JSONMistake { JSONMistake(position: position, text: text) }

    private func unexpected(_ expected: String) -> JSONMistake {
        guard let byte = current else { return mistake("expected \(expected), found the end of the text") }
        return switch byte {
        case UInt8(ascii: "/"), UInt8(ascii: "#"):
            mistake("expected \(expected); JSON has no comments")
        case 0x21..<0x7F: mistake("expected \(expected), found '\(Character(Unicode.Scalar(byte)))'")
        default: mistake("expected \(expected), found the byte \(Self.name(of: byte))")
        }
    }

    private static func name(of byte: UInt8) -> String {
        "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
}

extension UInt8 {
    /// Whether the byte stands for itself in a string: printable ASCII, quote and backslash excepted.
    fileprivate var isPlainInJSONString: Bool {
        (0x20..<0x80).contains(self) && self != 0x22 && self != 0x5C
    }

    fileprivate var isJSONDigit: Bool { self &- 0x30 < 10 }

    /// Whether the byte would continue a word or a number, had the grammar not ended it.
    fileprivate var isJSONWordByte: Bool {
        isJSONDigit || (self | 0x20) &- 0x61 < 26 || self == 0x2E || self == 0x5F
    }

    fileprivate var hexadecimalValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x37
        case 0x61...0x66: self - 0x57
        default: nil
        }
    }
}
