import Glibc

/// Whole small files: configuration, stores, keys. Boundary: open, fstat, read and close are called here.
///
/// Blocking calls, so never on a worker: only while the gateway starts or reloads.
package enum FileContents {
    /// Reads a regular file.
    ///
    /// The size is bounded while reading and not only before, since a file may grow meanwhile.
    package static func read(_ path: String, maximumBytes: Int) throws(FileFailure) -> [UInt8] {
        let descriptor = try open(path)
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count <= maximumBytes {
            // One byte more than allowed shows that there is more.
            let room = min(maximumBytes + 1 - bytes.count, 65_536)
            var count = 0
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: room) { memory, initialized in
                // `memory` has room for `room` bytes, and read(2) writes no more than that.
                count = unsafe Glibc.read(descriptor, memory.baseAddress, room)
                initialized = max(count, 0)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .cannotBeRead(systemError: errno) }
            if count == 0 { return bytes }
            bytes += piece
        }
        throw .tooLarge(maximumBytes: maximumBytes)
    }

    /// Why a file cannot be read, as the end of a sentence that begins with its name; `nil` if it can.
    package static func whyUnreadable(_ path: String) -> String? {
        do throws(FileFailure) {
            close(try open(path))
            return nil
        } catch {
            return error.description
        }
    }

    /// Opens a regular file for reading. A FIFO is opened without waiting for its other end, then refused.
    private static func open(_ path: String) throws(FileFailure) -> Int32 {
        // The path is lent as a C string for the length of the call.
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .cannotBeRead(systemError: errno) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notAFile
        }
        return descriptor
    }
}

/// Why a file gives nothing.
package enum FileFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The system refuses; `errno` tells why.
    case cannotBeRead(systemError: Int32)
    /// A directory, a device or another thing without contents of its own.
    case notAFile
    /// It has more bytes than its reader takes.
    case tooLarge(maximumBytes: Int)

    /// The reason, as the end of a sentence that begins with the file's name.
    package var description: String {
        switch self {
        case .cannotBeRead(let systemError):
            "cannot be read (\(unsafe String(cString: strerror(systemError))))"
        case .notAFile: "is not a regular file"
        case .tooLarge(let maximumBytes): "has more than \(maximumBytes) bytes"
        }
    }
}
