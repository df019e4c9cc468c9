import CGatewayShims
import Glibc
import HTTPModel
import Testing

@testable import GatewayCore

/// A draining gateway must not let clients in whom nobody will answer.
struct ListenerStopTests {
    @Test func aStoppedListenerRefusesNewConnections() throws {
        let listener = try Listener(address: SocketAddress(address: IPAddress(ipv4: 0x7F00_0001), port: 0))
        let before = Self.connectingFails(to: listener.address)
        listener.stop()

        let after = Self.connectingFails(to: listener.address)

        #expect(!before)
        #expect(after)
    }

    private static func connectingFails(to address: SocketAddress) -> Bool {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let descriptor = FileDescriptor(owning: number)
        return unsafe address.withSystemAddress { unsafe connect(descriptor.number, $0, $1) } != 0
    }
}
