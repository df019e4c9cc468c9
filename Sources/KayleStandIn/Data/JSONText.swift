/// JSON written piece by piece, members in the order they are added.
///
/// The upstream's key order is part of what clients see, and a general encoder would neither keep it nor
/// reuse the bytes of a row that has not changed.
struct JSONText {
    /// The bytes written so far.
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty text with room for `capacity` bytes.
    init(capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
    }

    /// Writes `{`, the members and `}`.
    mutating func object(_ members: (inout JSONText) -> Void) {
        enclosed("{", "}", members)
    }

    /// Writes `[`, the elements and `]`.
    mutating func array(_ elements: (inout JSONText) -> Void) {
        enclosed("[", "]", elements)
    }

    /// Writes a member's name; a value has to follow.
    mutating func name(_ name: String) {
        separate()
        quoted(name)
        bytes.append(0x3A)
        needsComma = false
    }

    /// Writes a string, or `null`.
    mutating func value(_ text: String?) {
        guard let text else { return raw("null".utf8) }
        separate()
        quoted(text)
        needsComma = true
    }

    /// Writes a number.
    mutating func value(_ number: Int) {
        raw(String(number).utf8)
    }

    /// Writes `true` or `false`.
    mutating func value(_ flag: Bool) {
        raw((flag ? "true" : "false").utf8)
    }

    /// Writes bytes that are a JSON value already.
    mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    private mutating func enclosed(_ open: String, _ close: String, _ inside: (inout JSONText) -> Void) {
        separate()
        bytes.append(contentsOf: open.utf8)
        needsComma = false
        inside(&self)
        bytes.append(contentsOf: close.utf8)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(0x2C) }
    }

    private mutating func quoted(_ text: String) {
        let hexadecimal = Array("0123456789abcdef".utf8)
        bytes.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C: bytes.append(contentsOf: [0x5C, byte])
            case 0x0A: bytes.append(contentsOf: [0x5C, 0x6E])
            case 0x00..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(hexadecimal[Int(byte >> 4)])
                bytes.append(hexadecimal[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }
}
