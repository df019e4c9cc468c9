import CGatewayShims
import Glibc
import HTTPModel

@testable import GatewayCore

/// Two connected sockets in this process that never block, so that a test plays both sides by itself.
struct SocketPair: ~Copyable {
    let near: FileDescriptor
    let far: FileDescriptor

    init() throws {
        var numbers: (Int32, Int32) = (-1, -1)
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let result = unsafe withUnsafeMutablePointer(to: &numbers) { pointer in
            unsafe pointer.withMemoryRebound(to: Int32.self, capacity: 2) {
                unsafe socketpair(AF_UNIX, kind, 0, $0)
            }
        }
        guard result == 0 else { throw SystemFailure("socketpair") }
        near = FileDescriptor(owning: numbers.0)
        far = FileDescriptor(owning: numbers.1)
    }
}

extension FileDescriptor {
    /// What is there to read, as text; `nil` when there is nothing now.
    borrowing func readText() -> String? {
        var buffer = ByteBuffer()
        guard case .moved = SystemCall.read(self, into: &buffer, maximum: 65_536) else { return nil }
        return buffer.withBytes { $0.text }
    }

    /// Writes a text that the socket has room for.
    borrowing func write(_ text: String) -> TransferOutcome {
        var buffer = ByteBuffer()
        buffer.append(Array(text.utf8).span)
        return SystemCall.write(self, from: &buffer)
    }
}
