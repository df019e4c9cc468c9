import CGatewayShims
import Glibc

/// The supervisor that started the process, if it asked to be told (`$NOTIFY_SOCKET`, as systemd does).
///
/// Boundary file for a datagram to a socket in the file system.
package enum ServiceManager {
    /// Tells the state, such as `READY=1`; does nothing when nobody asked. A supervisor that cannot be
    /// reached is its own problem.
    package static func tell(_ state: StaticString) {
        guard let path = EnvironmentVariable.value("NOTIFY_SOCKET"), let first = path.utf8.first else {
            return
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < capacity else { return }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (index, byte) in bytes.enumerated() { unsafe room[index] = byte }
            // A name that begins with @ is in the abstract namespace, which the kernel marks with a NUL.
            if first == UInt8(ascii: "@") { unsafe room[0] = 0 }
        }
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return }
        let descriptor = FileDescriptor(owning: number)
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            // sockaddr_un begins with what sockaddr begins with; `length` says how much of it is used.
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(
                    descriptor.number, state.utf8Start, state.utf8CodeUnitCount, Int32(MSG_NOSIGNAL), $0,
                    length)
            }
        }
    }
}
