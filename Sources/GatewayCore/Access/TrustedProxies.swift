package import HTTPModel

/// Which peers are believed when they say for whom they ask, and in which field they say it.
///
/// A load balancer in front of the gateway is every client's peer; what it writes into `X-Forwarded-For` or
/// `Forwarded` (RFC 7239) names the true client. From everybody else such a field is a claim and is not read.
/// One field and not both: a proxy that writes the one passes the other on as the client made it up.
package struct TrustedProxies: Sendable, Hashable {
    /// Nobody is believed.
    package static let none = TrustedProxies(blocks: [], field: .xForwardedFor)
    /// Blocks in the longest list.
    package static let maximumBlocks = 256

    /// The field in which the proxies name their clients.
    package enum Field: String, Sendable, Hashable, CaseIterable {
        case xForwardedFor = "x-forwarded-for"
        case forwarded
    }

    /// Addresses of the proxies.
    package let blocks: [AddressBlock]
    /// The field they write.
    package let field: Field

    /// Names the proxies.
    package init(blocks: [AddressBlock], field: Field) {
        self.blocks = blocks
        self.field = field
    }

    /// Whether nobody is believed.
    package var isEmpty: Bool { blocks.isEmpty }

    /// The client behind a peer: of the addresses in the field and the peer behind them, the last that is no
    /// trusted proxy's.
    ///
    /// What stands before that address was said by somebody who is not trusted. An entry that is no address
    /// (`unknown`, `_hidden`, garbage) ends the chain likewise: then the client is the proxy that wrote it.
    /// Allocates nothing; linear in the length of the field.
    package func client(
        peer: ClientSide, _ head: borrowing RequestHead, _ bytes: Span<UInt8>
    ) -> ClientSide {
        guard trusts(peer.address) else { return peer }
        var chain = Chain()
        let name: FieldName = field == .forwarded ? .forwarded : .xForwardedFor
        let lines = head.fields.span
        // Several lines are one list (RFC 9110 §5.3).
        for index in lines.indices where lines[index].known == name {
            read(bytes.extracting(lines[index].value.range), into: &chain)
        }
        if field == .xForwardedFor, head.count(of: .xForwardedProto) == 1,
            let value = head.firstValue(of: .xForwardedProto)
        {
            chain.isSecure = Self.isSecure(bytes.extracting(value.range)) ?? chain.isSecure
        }
        return ClientSide(
            address: chain.client ?? peer.address, isSecure: chain.isSecure ?? peer.isSecure)
    }

    private func trusts(_ address: IPAddress) -> Bool { blocks.contains { $0.contains(address) } }

    /// What a walk from the first entry to the last has come to.
    private struct Chain {
        var client: IPAddress?
        var isSecure: Bool?
    }

    private func read(_ value: Span<UInt8>, into chain: inout Chain) {
        var next = 0
        while next < value.count {
            let start = next
            var isQuoted = false
            // RFC 9110 §5.6.4: a comma between quotes separates nothing.
            while next < value.count, isQuoted || value[next] != UInt8(ascii: ",") {
                if value[next] == UInt8(ascii: "\"") { isQuoted.toggle() }
                next += isQuoted && value[next] == UInt8(ascii: "\\") ? 2 : 1
            }
            next = min(next, value.count)
            let piece = value.extracting(start..<next)
            let entry = piece.extracting(piece.trimmed)
            // RFC 9110 §5.6.1.2: empty elements are no elements.
            if !entry.isEmpty { note(entry, &chain) }
            next += 1
        }
    }

    private func note(_ entry: Span<UInt8>, _ chain: inout Chain) {
        var address: IPAddress?
        var isSecure: Bool?
        switch field {
        case .xForwardedFor: address = Self.node(entry)
        case .forwarded: (address, isSecure) = Self.element(entry)
        }
        guard let address else {
            chain = Chain()
            return
        }
        // A trusted entry leaves the client that stands before it.
        if chain.client == nil || !trusts(address) { chain = Chain(client: address, isSecure: isSecure) }
    }

    /// `for` and `proto` of a forwarded element (RFC 7239 §4).
    private static func element(_ entry: Span<UInt8>) -> (IPAddress?, Bool?) {
        var address: IPAddress?
        var isSecure: Bool?
        var next = 0
        while next < entry.count {
            var end = next
            while end < entry.count, entry[end] != UInt8(ascii: ";") { end += 1 }
            let piece = entry.extracting(next..<end)
            let pair = piece.extracting(piece.trimmed)
            next = end + 1
            var equals = 0
            while equals < pair.count, pair[equals] != UInt8(ascii: "=") { equals += 1 }
            guard equals < pair.count else { continue }
            let name = pair.extracting(0..<equals)
            let rest = pair.extracting(droppingFirst: equals + 1)
            let value = rest.extracting(rest.unquoted)
            if name.equalsIgnoringCase("for") {
                // A parameter occurs once; of two nobody knows which is meant.
                if address != nil { return (nil, nil) }
                address = node(value)
            } else if name.equalsIgnoringCase("proto") {
                isSecure = Self.isSecure(value)
            }
        }
        return (address, isSecure)
    }

    /// An address, with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
    private static func node(_ text: Span<UInt8>) -> IPAddress? {
        guard !text.isEmpty else { return nil }
        if text[0] == UInt8(ascii: "[") {
            var end = 1
            while end < text.count, text[end] != UInt8(ascii: "]") { end += 1 }
            guard end < text.count, isPort(text.extracting(droppingFirst: end + 1)),
                let address = IPAddress(text.extracting(1..<end)), !address.isIPv4
            else { return nil }
            return address
        }
        if let address = IPAddress(text) { return address }
        var colon = 0
        while colon < text.count, text[colon] != UInt8(ascii: ":") { colon += 1 }
        guard colon < text.count, isPort(text.extracting(droppingFirst: colon)),
            let address = IPAddress(text.extracting(0..<colon)), address.isIPv4
        else { return nil }
        return address
    }

    /// Nothing, or a colon and 1 to 5 digits.
    private static func isPort(_ text: Span<UInt8>) -> Bool {
        guard !text.isEmpty else { return true }
        guard text[0] == UInt8(ascii: ":"), (2...6).contains(text.count) else { return false }
        for index in 1..<text.count where text[index] &- 0x30 >= 10 { return false }
        return true
    }

    private static func isSecure(_ scheme: Span<UInt8>) -> Bool? {
        if scheme.equalsIgnoringCase("https") { return true }
        return scheme.equalsIgnoringCase("http") ? false : nil
    }
}

/// Where a request comes from: the client's address, and whether its side of the conversation is encrypted.
package struct ClientSide: Sendable, Hashable {
    /// The address.
    package let address: IPAddress
    /// Whether the client speaks https.
    package let isSecure: Bool

    /// Puts the facts together.
    package init(address: IPAddress, isSecure: Bool) {
        self.address = address
        self.isSecure = isSecure
    }
}

extension Span where Element == UInt8 {
    /// Where the bytes begin and end without blanks around.
    fileprivate var trimmed: Range<Int> {
        var first = 0
        var end = count
        while first < end, self[first] == 0x20 || self[first] == 0x09 { first += 1 }
        while end > first, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return first..<end
    }

    /// What stands between quotes, or everything; an address needs no escapes, so none are resolved.
    fileprivate var unquoted: Range<Int> {
        let isQuoted =
            count >= 2 && self[0] == UInt8(ascii: "\"") && self[count - 1] == UInt8(ascii: "\"")
        return isQuoted ? 1..<(count - 1) : 0..<count
    }
}
