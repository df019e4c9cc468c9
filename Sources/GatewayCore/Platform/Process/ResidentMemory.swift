import CGatewayShims
import Glibc

/// Memory that the process has of the machine, as the kernel counts it.
package enum ResidentMemory {
    /// Bytes in memory; `nil` where the kernel does not tell. One read of `/proc/self/statm`, about 10 µs.
    package static func bytes() -> Int? {
        guard let text = try? FileContents.read("/proc/self/statm", maximumBytes: 256) else { return nil }
        let fields = text.split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else {
            return nil
        }
        return pages * Int(getpagesize())
    }

    /// Has the C library give free memory back to the machine. Threads that allocate wait meanwhile: some
    /// milliseconds for 100 MB.
    package static func giveBack() { gw_give_memory_back() }
}
