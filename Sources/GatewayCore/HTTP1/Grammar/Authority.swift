import HTTPModel

/// The check of an authority: `host` or `host:port`, as in a Host field or an absolute target.
///
/// Follows RFC 3986 §3.2.2, narrowed where http and https are narrower (RFC 9110 §4.2): the host must not be
/// empty, there is no userinfo, and a port is a number that exists. A host that two readers could take for
/// two names (`good@evil`, `a,b` after a space, `[::1]x`) is how requests are led past access rules.
enum Authority {
    /// Whether the bytes are a host with an optional port from 0 to 65535. Linear in the bytes.
    static func isValid(_ bytes: Span<UInt8>) -> Bool {
        guard let hostEnd = endOfHost(bytes), hostEnd > 0 else { return false }
        guard hostEnd < bytes.count else { return true }
        return bytes[hostEnd] == UInt8(ascii: ":")
            && isPort(bytes.extracting((hostEnd + 1)..<bytes.count))
    }

    /// The offset behind the host; `nil` when an address in brackets is none or an escape is broken.
    private static func endOfHost(_ bytes: Span<UInt8>) -> Int? {
        guard bytes.count > 0 else { return nil }
        if bytes[0] == UInt8(ascii: "[") {
            var close = 1
            while close < bytes.count, bytes[close] != UInt8(ascii: "]") { close += 1 }
            guard close < bytes.count, isIPv6Address(bytes.extracting(1..<close)) else { return nil }
            return close + 1
        }
        var end = ByteClass.registeredName.end(in: bytes, from: 0, to: bytes.count)
        while end < bytes.count, bytes[end] == UInt8(ascii: "%") {
            guard end + 2 < bytes.count, ByteClass.hexadecimalDigit.contains(bytes[end + 1]),
                ByteClass.hexadecimalDigit.contains(bytes[end + 2])
            else { return nil }
            end = ByteClass.registeredName.end(in: bytes, from: end + 3, to: bytes.count)
        }
        return end
    }

    /// Whether the bytes are one to five digits of a number up to 65535. RFC 3986 lets a port be empty; what
    /// an empty one means differs between implementations, so it is refused.
    private static func isPort(_ bytes: Span<UInt8>) -> Bool {
        guard (1...5).contains(bytes.count) else { return false }
        var port = 0
        for index in bytes.indices {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return false }
            port = port * 10 + Int(digit)
        }
        return port <= 65_535
    }

    /// Whether the bytes are an IPv6 address without a zone (RFC 3986 §3.2.2).
    private static func isIPv6Address(_ bytes: Span<UInt8>) -> Bool {
        let colon = UInt8(ascii: ":")
        let count = bytes.count
        var (index, groups, hasGap) = (0, 0, false)
        if count >= 2, bytes[0] == colon, bytes[1] == colon { (index, hasGap) = (2, true) }
        while index < count {
            // One digit more than a group may have is enough to see that it is too long.
            let end = ByteClass.hexadecimalDigit.end(in: bytes, from: index, to: min(count, index + 5))
            if end < count, bytes[end] == UInt8(ascii: ".") {
                guard isIPv4Address(bytes.extracting(index..<count)) else { return false }
                groups += 2
                break
            }
            guard (1...4).contains(end - index) else { return false }
            groups += 1
            guard end < count else { break }
            guard bytes[end] == colon, end + 1 < count else { return false }
            index = end + 1
            if bytes[index] == colon {
                guard !hasGap else { return false }
                (index, hasGap) = (index + 1, true)
            }
        }
        return hasGap ? groups < 8 : groups == 8
    }

    /// Whether the bytes are four numbers from 0 to 255 without leading zeros, parted by dots.
    private static func isIPv4Address(_ bytes: Span<UInt8>) -> Bool {
        var (index, parts) = (0, 0)
        while true {
            let start = index
            var number = 0
            while index < bytes.count, index - start < 3, bytes[index] &- UInt8(ascii: "0") < 10 {
                number = number * 10 + Int(bytes[index] &- UInt8(ascii: "0"))
                index += 1
            }
            guard index > start, number <= 255, index - start == 1 || bytes[start] != UInt8(ascii: "0") else {
                return false
            }
            parts += 1
            guard index < bytes.count else { return parts == 4 }
            guard parts < 4, bytes[index] == UInt8(ascii: ".") else { return false }
            index += 1
        }
    }
}
