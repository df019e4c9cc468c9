import Glibc
import Testing

@testable import GatewayCore

struct FileDescriptorTests {
    @Test func theOwnersEndIsTheDescriptorsEnd() throws {
        let pair = try SocketPair()
        do { _ = FileDescriptor(owning: dup(pair.near.number)) }
        let copy = FileDescriptor(owning: dup(pair.near.number))
        let number = copy.number

        copy.close()

        // Whoever reads from the other side sees an end only when every copy is closed.
        #expect(fcntl(pair.near.number, F_GETFD) >= 0)
        #expect(number != pair.near.number)
    }

    @Test func theOtherSideSeesTheEndWhenTheOwnerGoes() throws {
        let numbers = try Self.open()
        let far = FileDescriptor(owning: numbers.far)
        do {
            let near = FileDescriptor(owning: numbers.near)
            #expect(far.readText() == nil)
            _ = near.write("last")
        }

        var buffer = ByteBuffer()
        let outcomes = (0..<2).map { _ in SystemCall.read(far, into: &buffer, maximum: 10) }
        #expect(outcomes == [.moved(4), .ended])
    }

    @Test func endSendingLeavesTheOtherDirectionOpen() throws {
        let pair = try SocketPair()

        pair.near.endSending()
        let answer = pair.far.write("answer")

        #expect(answer == .moved(6))
        let text = pair.near.readText()
        #expect(text == "answer")
    }

    @Test func aResetIsSeenAsALossNotAsAnEnd() throws {
        let listener = try Listener(address: SocketAddress(address: IPAddress(ipv4: 0x7F00_0001), port: 0))
        let client = try RawConnection(port: listener.address.port)
        let accepted = try Self.accepted(listener)

        accepted.resetOnClose()
        accepted.close()

        _ = client.rest()
        #expect(client.end == .reset)
    }

    /// Numbers of two connected sockets, owned by the caller.
    private static func open() throws -> (near: Int32, far: Int32) {
        let pair = try SocketPair()
        return (dup(pair.near.number), dup(pair.far.number))
    }

    private static func accepted(_ listener: borrowing Listener) throws -> FileDescriptor {
        switch listener.accept() {
        case .accepted(let descriptor, _): return descriptor
        case .none: throw SystemFailure("accept")
        case .exhausted: throw SystemFailure("accept")
        }
    }
}
