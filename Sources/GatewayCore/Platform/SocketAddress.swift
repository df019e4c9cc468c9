import Glibc
import HTTPModel

/// An IP address as 128 bits; IPv4 is kept in its IPv6-mapped form, so that one comparison serves both.
package struct IPAddress: Sendable, Hashable {
    /// The first eight bytes, in network order as a number.
    package let high: UInt64
    /// The last eight bytes, in network order as a number.
    package let low: UInt64

    /// Makes an address from its two halves.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Makes the IPv6-mapped form of an IPv4 address given as a number.
    package init(ipv4 address: UInt32) {
        self.init(high: 0, low: 0x0000_FFFF_0000_0000 | UInt64(address))
    }

    /// Reads `192.0.2.1` or `2001:db8::1`, without brackets, port or zone; `nil` for anything else.
    package init?(_ text: String) {
        var four = in_addr()
        if unsafe inet_pton(AF_INET, text, &four) == 1 {
            self.init(ipv4: UInt32(bigEndian: four.s_addr))
            return
        }
        var six = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self.init(six)
    }

    /// Reads the same from received bytes, without allocation.
    package init?(_ bytes: Span<UInt8>) {
        // The longest spelling has 45 characters; one more is the NUL that inet_pton looks for.
        guard bytes.count <= 45 else { return nil }
        var text = InlineArray<46, CChar>(repeating: 0)
        for index in bytes.indices {
            // Text behind a NUL would be passed over.
            guard bytes[index] != 0 else { return nil }
            text[index] = CChar(bitPattern: bytes[index])
        }
        var four = in_addr()
        var six = in6_addr()
        let family = unsafe text.span.withUnsafeBufferPointer { text -> Int32 in
            // The array is longer than its text, so it ends with a NUL; both targets are what their family
            // takes.
            guard let text = text.baseAddress else { return AF_UNSPEC }
            if unsafe inet_pton(AF_INET, text, &four) == 1 { return AF_INET }
            return unsafe inet_pton(AF_INET6, text, &six) == 1 ? AF_INET6 : AF_UNSPEC
        }
        switch family {
        case AF_INET: self.init(ipv4: UInt32(bigEndian: four.s_addr))
        case AF_INET6: self.init(six)
        default: return nil
        }
    }

    init(_ six: in6_addr) {
        // in6_addr is 16 plain bytes.
        self = unsafe withUnsafeBytes(of: six) { bytes in
            IPAddress(
                high: UInt64(bigEndian: unsafe bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// Whether the address is IPv4 (IPv6-mapped).
    package var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// Whether packets to it stay on this machine.
    package var isLoopback: Bool { isIPv4 ? (low >> 24) & 0xFF == 127 : high == 0 && low == 1 }

    /// The usual spelling, without brackets. Allocates.
    package var text: String {
        if isIPv4 {
            let (a, b, c, d) = (low >> 24 & 0xFF, low >> 16 & 0xFF, low >> 8 & 0xFF, low & 0xFF)
            return "\(a).\(b).\(c).\(d)"
        }
        var six = raw
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard unsafe inet_ntop(AF_INET6, &six, &buffer, socklen_t(buffer.count)) != nil else { return "::" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Appends the usual spelling; that of IPv4 without another allocation.
    package func append(to bytes: inout [UInt8]) {
        guard isIPv4 else { return bytes.append(contentsOf: text.utf8) }
        var text = InlineArray<15, UInt8>(repeating: UInt8(ascii: "."))
        var count = 0
        for place in 0..<4 {
            if place > 0 { count += 1 }
            let number = UInt8(truncatingIfNeeded: low >> UInt64(24 - 8 * place))
            if number >= 100 {
                text[count] = 0x30 + number / 100
                count += 1
            }
            if number >= 10 {
                text[count] = 0x30 + number / 10 % 10
                count += 1
            }
            text[count] = 0x30 + number % 10
            count += 1
        }
        bytes.append(text.span.extracting(first: count))
    }

    var raw: in6_addr {
        var six = in6_addr()
        unsafe withUnsafeMutableBytes(of: &six) { bytes in
            unsafe bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
            unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return six
    }
}

/// An IP address and a port.
package struct SocketAddress: Sendable, Hashable {
    /// The address; `0.0.0.0` and `::` mean every local address.
    package let address: IPAddress
    /// The port; 0 lets the kernel choose.
    package let port: UInt16

    /// Makes an address from its parts.
    package init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Reads `127.0.0.1:8443` or `[::1]:8443`; `nil` for anything else, names included: what a listener binds
    /// must not depend on a resolver.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }), let port = UInt16(digits) else {
            return nil
        }
        var host = text[..<colon]
        let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if bracketed { host = host.dropFirst().dropLast() }
        guard let address = IPAddress(String(host)), bracketed != address.isIPv4 else { return nil }
        self.init(address: address, port: port)
    }

    /// Reads what the kernel filled in; `nil` for a family other than IPv4 and IPv6.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        switch Int32(storage.ss_family) {
        case AF_INET:
            // The family says that the storage holds a sockaddr_in.
            let four = unsafe withUnsafeBytes(of: &storage) { unsafe $0.loadUnaligned(as: sockaddr_in.self) }
            self.init(
                address: IPAddress(ipv4: UInt32(bigEndian: four.sin_addr.s_addr)),
                port: UInt16(bigEndian: four.sin_port))
        case AF_INET6:
            // The family says that the storage holds a sockaddr_in6.
            let six = unsafe withUnsafeBytes(of: &storage) { unsafe $0.loadUnaligned(as: sockaddr_in6.self) }
            self.init(address: IPAddress(six.sin6_addr), port: UInt16(bigEndian: six.sin6_port))
        default: return nil
        }
    }

    /// Calls `body` with the form the kernel takes.
    func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        if address.isIPv4 {
            var four = sockaddr_in()
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            four.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.low).bigEndian
            return unsafe withUnsafeBytes(of: &four) { bytes in
                unsafe body(
                    bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self),
                    socklen_t(bytes.count))
            }
        }
        var six = sockaddr_in6()
        six.sin6_family = sa_family_t(AF_INET6)
        six.sin6_port = port.bigEndian
        six.sin6_addr = address.raw
        return unsafe withUnsafeBytes(of: &six) { bytes in
            unsafe body(
                bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self),
                socklen_t(bytes.count))
        }
    }

    /// The spelling that `init(_:)` reads. Allocates.
    package var text: String { address.isIPv4 ? "\(address.text):\(port)" : "[\(address.text)]:\(port)" }
}
