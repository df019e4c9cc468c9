import CGatewayShims
import Glibc

/// A listening TCP socket.
///
/// Every worker has one of its own on the same address (SO_REUSEPORT), so that the kernel spreads connections
/// and no accept is contended.
package struct Listener: ~Copyable {
    private let descriptor: FileDescriptor
    /// The address in use, with the port the kernel chose if it was asked to.
    package let address: SocketAddress

    /// What an accept came to.
    package enum Acceptance: ~Copyable {
        /// A new connection and its peer.
        case accepted(FileDescriptor, SocketAddress)
        /// No connection waits.
        case none
        /// The process or the machine is out of descriptors or memory: stop accepting for a while.
        case exhausted
    }

    /// Binds and listens.
    package init(address: SocketAddress, backlog: Int32 = 4_096) throws(SystemFailure) {
        let family = address.address.isIPv4 ? AF_INET : AF_INET6
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let number = socket(family, kind, 0)
        guard number >= 0 else { throw SystemFailure("socket") }
        let descriptor = FileDescriptor(owning: number)
        descriptor.enable(level: SOL_SOCKET, option: SO_REUSEADDR)
        descriptor.enable(level: SOL_SOCKET, option: SO_REUSEPORT)
        // Inherited by accepted sockets, which saves a call for each: answers are written whole.
        descriptor.enable(level: Int32(IPPROTO_TCP), option: TCP_NODELAY)
        if !address.address.isIPv4 { descriptor.enable(level: Int32(IPPROTO_IPV6), option: IPV6_V6ONLY) }
        guard unsafe address.withSystemAddress({ unsafe bind(number, $0, $1) }) == 0 else {
            throw SystemFailure("bind")
        }
        guard listen(number, backlog) == 0 else { throw SystemFailure("listen") }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let named = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            // sockaddr_storage is large enough for, and aligned as, every sockaddr.
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(number, $0, &length)
            }
        }
        guard named == 0, let bound = SocketAddress(storage) else { throw SystemFailure("getsockname") }
        self.address = bound
        self.descriptor = descriptor
    }

    /// Has the kernel prefer this one of the sockets on its address for connections whose first packet comes
    /// in on this processor (SO_INCOMING_CPU).
    package borrowing func prefer(processor: Int32) {
        descriptor.set(level: SOL_SOCKET, option: SO_INCOMING_CPU, processor)
    }

    /// The descriptor to watch for reading.
    package var number: Int32 { descriptor.number }

    /// Takes no connections any more, for good: new ones are refused at once, and so are those that wait.
    ///
    /// A socket that nobody accepts from would go on letting clients in, to wait for an answer that never
    /// comes.
    package func stop() {
        // On a listening socket Linux takes this for the end of listening; it fails on none.
        _ = shutdown(descriptor.number, Int32(SHUT_RD))
    }

    /// Accepts one waiting connection.
    package func accept() -> Acceptance {
        var storage = sockaddr_storage()
        var length = socklen_t(0)
        // A connection that was reset while it waited (ECONNABORTED, EPROTO and the network errors of
        // accept(2)) is passed over; so many in a row that the bound is reached wait for the next turn.
        for _ in 0..<64 {
            let number = unsafe gw_accept(descriptor.number, &storage, &length)
            if number >= 0 {
                let connection = FileDescriptor(owning: number)
                guard let peer = SocketAddress(storage) else { continue }
                return .accepted(connection, peer)
            }
            switch gw_errno() {
            case EAGAIN: return .none
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
            case EBADF, EFAULT, EINVAL, ENOTSOCK:
                preconditionFailure("accept on a wrong descriptor: errno \(gw_errno())")
            default: continue
            }
        }
        return .none
    }
}
