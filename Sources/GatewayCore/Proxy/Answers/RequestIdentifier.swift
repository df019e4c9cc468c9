package import HTTPModel

/// The identifier of a request, which its answer, its log line and the upstream's request carry.
///
/// Taken over from the client's `X-Request-Id` if that is 8–128 characters of `A-Za-z0-9._-`; else made: 16
/// hex digits that a worker drew at its start, a hyphen, and a count. Unique for the life of the process
/// without a draw per request; it identifies and does not protect. One per worker, its memory reused.
package struct RequestIdentifier: ~Copyable {
    /// The identifier of the present request.
    package private(set) var bytes = ByteBuffer(minimumCapacity: 128)
    private let prefix: UInt64
    private var count: UInt64 = 0
    // Whether `bytes` begins with the digits of the prefix and the hyphen, left from the identifier before.
    private var holdsPrefix = false

    /// Digits of the prefix, and the hyphen.
    private static let prefixBytes = 17

    /// Makes a source of identifiers; `prefix` is drawn at random.
    package init(prefix: UInt64) { self.prefix = prefix }

    /// Takes over or makes the identifier of a request.
    package mutating func take(from head: borrowing RequestHead, _ bytes: Span<UInt8>) {
        if let value = head.firstValue(of: .xRequestID) {
            let given = bytes.extracting(value.range)
            if Self.isAcceptable(given) {
                self.bytes.removeAll()
                self.bytes.append(given)
                holdsPrefix = false
                return
            }
        }
        make()
    }

    /// Makes an identifier for a request without a usable head.
    package mutating func make() {
        count += 1
        if holdsPrefix {
            bytes.truncate(to: Self.prefixBytes)
        } else {
            bytes.removeAll()
            // A leading one keeps the prefix at 16 digits.
            bytes.append(hexadecimal: prefix | 1 << 63)
            bytes.append("-")
            holdsPrefix = true
        }
        bytes.append(hexadecimal: count)
    }

    private static func isAcceptable(_ bytes: Span<UInt8>) -> Bool {
        guard (8...128).contains(bytes.count) else { return false }
        for index in bytes.indices {
            switch bytes[index] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                continue
            default: return false
            }
        }
        return true
    }
}
