import Testing

@testable import GatewayCore

struct ListenerTests {
    private static let loopback = SocketAddress(address: IPAddress(ipv4: 0x7F00_0001), port: 0)

    @Test func theKernelsChoiceOfAPortIsKnown() throws {
        let listener = try Listener(address: Self.loopback)

        let address = listener.address
        #expect(address.port != 0)
        #expect(address.address == Self.loopback.address)
    }

    @Test func aConnectionIsAcceptedOnceWithItsPeer() throws {
        let listener = try Listener(address: Self.loopback)
        let isEmptyBefore = Self.isEmpty(listener)
        let client = try RawConnection(port: listener.address.port)
        client.send("hello")

        switch listener.accept() {
        case .accepted(let descriptor, let peer):
            #expect(peer.address == Self.loopback.address)
            #expect(peer.port != listener.address.port)
            let text = descriptor.readText()
            #expect(text == "hello")
        case .none: Issue.record("no connection")
        case .exhausted: Issue.record("no connection")
        }
        let isEmptyAfter = Self.isEmpty(listener)
        #expect(isEmptyBefore && isEmptyAfter)
    }

    @Test func anAcceptedConnectionNeverBlocks() throws {
        let listener = try Listener(address: Self.loopback)
        let client = try RawConnection(port: listener.address.port)

        switch listener.accept() {
        case .accepted(let descriptor, _):
            var buffer = ByteBuffer()
            #expect(SystemCall.read(descriptor, into: &buffer, maximum: 1) == .wouldBlock)
        case .none: Issue.record("no connection")
        case .exhausted: Issue.record("no connection")
        }
        client.send("")
    }

    @Test func workersShareAPort() throws {
        let first = try Listener(address: Self.loopback)

        let second = try Listener(address: first.address)

        let (one, other) = (first.address, second.address)
        #expect(one == other)
    }

    @Test func anAddressThatIsNotOursCannotBeBound() throws {
        // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
        let address = SocketAddress(address: IPAddress(ipv4: 0xC000_0201), port: 0)

        do {
            _ = try Listener(address: address)
            Issue.record("bound to an address of another machine")
        } catch {
            #expect("\(error)".hasPrefix("bind: "))
        }
    }

    private static func isEmpty(_ listener: borrowing Listener) -> Bool {
        switch listener.accept() {
        case .none: true
        case .accepted: false
        case .exhausted: false
        }
    }
}
