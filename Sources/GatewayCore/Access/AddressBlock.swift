package import Settings

/// A block of IP addresses in CIDR form: `192.0.2.0/24`, `2001:db8::/32`, or one address.
package struct AddressBlock: Sendable, Hashable {
    /// The first address.
    package let first: IPAddress
    /// Leading bits that addresses of the block share, of 128; an IPv4 block counts the 96 of its mapped
    /// form.
    private let sharedBits: Int

    /// Reads a block; `nil` for anything else, and for an address with bits beyond the prefix: `192.0.2.1/24`
    /// may mean the one address or all of them, and an allow list must not guess.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress(String($0)) }) else { return nil }
        let bitCount = address.isIPv4 ? 32 : 128
        var prefix = bitCount
        if parts.count > 1 {
            // Only digits, and no leading zero: Int would take a sign.
            let digits = parts[1]
            guard parts.count == 2, digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }), let given = Int(digits),
                given <= bitCount, String(given) == digits
            else { return nil }
            prefix = given
        }
        first = address
        sharedBits = prefix + 128 - bitCount
        guard Self.masked(address, sharedBits) == address else { return nil }
    }

    private init(first: IPAddress, sharedBits: Int) {
        self.first = first
        self.sharedBits = sharedBits
    }

    /// The block of all IPv6 addresses.
    static let allIPv6 = AddressBlock(first: IPAddress(high: 0, low: 0), sharedBits: 0)

    /// Whether the address lies in the block. An IPv4 block holds no IPv6 address, and `::/0` only looks as
    /// if it held IPv4: it is the block of all IPv6 addresses.
    package func contains(_ address: IPAddress) -> Bool {
        address.isIPv4 == first.isIPv4 && Self.masked(address, sharedBits) == first
    }

    /// The spelling that `init` reads. Allocates.
    package var text: String { "\(first.text)/\(first.isIPv4 ? sharedBits - 96 : sharedBits)" }

    private static func masked(_ address: IPAddress, _ bits: Int) -> IPAddress {
        // Swift's smart shift gives zero for a shift by 64 or more.
        let high = bits >= 64 ? address.high : address.high & ~(UInt64.max >> UInt64(bits))
        let low = bits <= 64 ? 0 : address.low & (UInt64.max << UInt64(128 - bits))
        return IPAddress(high: high, low: low)
    }
}

extension AddressBlock {
    /// What a block may look like, for messages.
    package static let allowed =
        "an address, or a block without bits beyond its prefix: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32"
}

extension SettingsKind where Value == AddressBlock {
    /// A block of addresses, in settings and in the tenant store.
    package static var addressBlock: SettingsKind {
        .written(
            as: "an address block", allowed: AddressBlock.allowed, placeholder: .allIPv6,
            spell: { $0.text }
        ) { text, _ in AddressBlock(text) }
    }
}
