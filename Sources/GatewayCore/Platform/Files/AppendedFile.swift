import CGatewayShims
import Glibc

/// A file that only grows: what was written is never touched again. Boundary: open, pread, write, fsync.
///
/// Whoever appends holds a lock of its own making; waits for the disk, so for commands only.
package struct AppendedFile: Sendable {
    /// Where the file is.
    package let path: String

    /// Names a file; nothing is opened yet.
    package init(path: String) { self.path = path }

    /// Appends bytes in one write and waits until the disk has them. A new file is its owner's only.
    package func append(_ bytes: Span<UInt8>) throws(AtomicFileFailure) {
        let file = try open(O_WRONLY | O_APPEND | O_CREAT)
        var written = 0
        while written < bytes.count {
            let result = unsafe bytes.extracting(droppingFirst: written).withUnsafeBytes { rest in
                SystemCall.retrying { unsafe Glibc.write(file.number, rest.baseAddress, rest.count) }
            }
            guard result > 0 else { throw AtomicFileFailure("write", path) }
            written += result
        }
        guard SystemCall.retrying({ Int(fsync(file.number)) }) == 0 else {
            throw AtomicFileFailure("fsync", path)
        }
    }

    /// The last bytes of the file, at most so many; nothing if there is no file.
    package func tail(maximumBytes: Int) throws(AtomicFileFailure) -> [UInt8] {
        do throws(AtomicFileFailure) {
            return try tail(of: try open(O_RDONLY), maximumBytes: maximumBytes)
        } catch {
            if error.reason == .missing { return [] }
            throw error
        }
    }

    private func tail(
        of file: borrowing FileDescriptor, maximumBytes: Int
    ) throws(AtomicFileFailure) -> [UInt8] {
        let number = file.number
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { throw AtomicFileFailure("fstat", path) }
        let size = Int(status.st_size)
        var bytes = [UInt8](repeating: 0, count: min(size, maximumBytes))
        let start = size - bytes.count
        var filled = 0
        while filled < bytes.count {
            let result = unsafe bytes.withUnsafeMutableBytes { memory in
                // The room begins at `filled`, which is below the count.
                let room = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
                return SystemCall.retrying {
                    unsafe pread(number, room.baseAddress, room.count, off_t(start + filled))
                }
            }
            guard result > 0 else { throw AtomicFileFailure("pread", path) }
            filled += result
        }
        return bytes
    }

    private func open(_ flags: Int32) throws(AtomicFileFailure) -> FileDescriptor {
        let number = SystemCall.retrying {
            Int(unsafe Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0o600))
        }
        guard number >= 0 else { throw AtomicFileFailure("open", path) }
        return FileDescriptor(owning: Int32(number))
    }
}
