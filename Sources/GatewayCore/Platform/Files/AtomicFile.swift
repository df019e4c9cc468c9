import CGatewayShims
import Glibc
import HTTPModel

/// A small file that is only ever replaced as a whole: readers see the old content or the new one, also after
/// a crash, and writers wait for each other.
///
/// The boundary to the file system for the tenant store and the pepper. Called by commands and by the main
/// thread; a write waits for the disk, so never by a worker.
package struct AtomicFile: Sendable {
    /// Where the file is.
    package let path: String

    /// Names a file; nothing is opened yet.
    package init(path: String) { self.path = path }

    /// A path that means the same file from every working directory; `nil` if the working directory is gone.
    package static func absolutePath(_ path: String) -> String? {
        if path.hasPrefix("/") { return path }
        guard let folder = unsafe getcwd(nil, 0) else { return nil }
        // getcwd allocated the text for us.
        defer { unsafe free(folder) }
        return unsafe String(cString: folder) + "/" + path
    }

    /// What a read found.
    package struct Contents: Sendable {
        /// The bytes. Whoever reads secrets wipes them.
        package var bytes: [UInt8]
        /// Permission bits, as `chmod` takes them.
        package let permissions: UInt32
    }

    /// Reads the whole file; one that is longer than `maximumBytes` is refused unread.
    package func read(maximumBytes: Int) throws(AtomicFileFailure) -> Contents {
        let number = SystemCall.retrying { Int(unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) }
        guard number >= 0 else { throw AtomicFileFailure("open", path) }
        let file = FileDescriptor(owning: Int32(number))
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else { throw AtomicFileFailure("fstat", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw AtomicFileFailure(.notAFile, "open", path) }
        // The size may change while we read: one byte more than allowed tells.
        var bytes = [UInt8](repeating: 0, count: min(max(Int(status.st_size), 0), maximumBytes) + 1)
        var filled = 0
        while true {
            let result = unsafe bytes.withUnsafeMutableBytes { memory in
                // The room begins at `filled`, which is below the count.
                let room = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
                return SystemCall.retrying { unsafe Glibc.read(file.number, room.baseAddress, room.count) }
            }
            guard result >= 0 else { throw AtomicFileFailure("read", path) }
            filled += result
            if result == 0 { break }
            guard filled <= maximumBytes else {
                Secret.wipe(&bytes)
                throw AtomicFileFailure(.tooLarge(maximumBytes: maximumBytes), "read", path)
            }
            if filled == bytes.count {
                var grown = [UInt8](repeating: 0, count: min(bytes.count * 2, maximumBytes + 1))
                for index in 0..<filled { grown[index] = bytes[index] }
                Secret.wipe(&bytes)
                bytes = grown
            }
        }
        bytes.removeSubrange(filled...)
        return Contents(bytes: bytes, permissions: status.st_mode & 0o7777)
    }

    /// Makes the file, readable by its owner only; fails with `.exists` if it is there. It appears complete:
    /// nobody can see it empty.
    package func create(_ bytes: Span<UInt8>) throws(AtomicFileFailure) {
        var random = SystemRandomness()
        let draft = path + ".\(UInt64.random(in: .min ... .max, using: &random)).new"
        try write(bytes, to: draft, likeExisting: false)
        defer { _ = unsafe unlink(draft) }
        // Unlike rename, link never replaces.
        guard unsafe link(draft, path) == 0 else { throw AtomicFileFailure("link", path) }
        try synchronizeFolder()
    }

    /// Waits for other writers and keeps them waiting until the result goes; at most
    /// `AtomicFile.maximumWait`.
    package func lock() throws(AtomicFileFailure) -> LockedFile {
        let lockPath = path + ".lock"
        let number = SystemCall.retrying {
            Int(unsafe open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600))
        }
        guard number >= 0 else { throw AtomicFileFailure("open", lockPath) }
        let lock = FileDescriptor(owning: Int32(number))
        let deadline = MonotonicClock.now().advanced(by: Self.maximumWait)
        // The kernel drops the lock with the descriptor, so also when a writer is killed.
        while SystemCall.retrying({ Int(flock(lock.number, LOCK_EX | LOCK_NB)) }) != 0 {
            guard gw_errno() == EWOULDBLOCK else { throw AtomicFileFailure("flock", lockPath) }
            guard MonotonicClock.now() < deadline else { throw AtomicFileFailure(.locked, "flock", path) }
            _ = usleep(5_000)
        }
        return LockedFile(file: AtomicFile(path: resolvedPath), lock: lock)
    }

    /// A writer holds the lock for milliseconds; one that holds it so long hangs, and waiting on helps
    /// nobody.
    package static let maximumWait = Duration.seconds(30)

    /// The file behind a symbolic link, so that replacing it leaves the link in place.
    private var resolvedPath: String {
        guard let resolved = unsafe realpath(path, nil) else { return path }
        // realpath allocated the text for us.
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    fileprivate func replace(with bytes: Span<UInt8>) throws(AtomicFileFailure) {
        // One fixed name: the lock keeps others away, and what a killed writer left is overwritten, not
        // collected.
        let draft = path + ".new"
        if unsafe unlink(draft) != 0, gw_errno() != ENOENT { throw AtomicFileFailure("unlink", draft) }
        try write(bytes, to: draft, likeExisting: true)
        guard unsafe rename(draft, path) == 0 else { throw AtomicFileFailure("rename", path) }
        try synchronizeFolder()
    }

    /// Writes a new file and waits until the disk has it; what could not be completed is removed.
    private func write(
        _ bytes: Span<UInt8>, to draft: String, likeExisting: Bool
    ) throws(AtomicFileFailure) {
        let number = SystemCall.retrying {
            Int(unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600))
        }
        guard number >= 0 else { throw AtomicFileFailure("open", draft) }
        let file = FileDescriptor(owning: Int32(number))
        do throws(AtomicFileFailure) {
            var status = stat()
            if likeExisting, unsafe stat(path, &status) == 0 {
                // A store that the gateway's own user reads must stay readable when root edits it. Without
                // the right to give files away the file stays ours, which is what an unprivileged editor
                // expects.
                _ = fchown(file.number, status.st_uid, status.st_gid)
                _ = fchmod(file.number, status.st_mode & 0o777)
            }
            try Self.writeAll(bytes, to: file, draft)
            guard SystemCall.retrying({ Int(fsync(file.number)) }) == 0 else {
                throw AtomicFileFailure("fsync", draft)
            }
        } catch {
            _ = unsafe unlink(draft)
            throw error
        }
    }

    private static func writeAll(
        _ bytes: Span<UInt8>, to file: borrowing FileDescriptor, _ path: String
    ) throws(AtomicFileFailure) {
        let number = file.number
        var written = 0
        while written < bytes.count {
            let result = unsafe bytes.extracting(droppingFirst: written).withUnsafeBytes { rest in
                SystemCall.retrying { unsafe Glibc.write(number, rest.baseAddress, rest.count) }
            }
            guard result > 0 else { throw AtomicFileFailure("write", path) }
            written += result
        }
    }

    /// Makes a new name in the folder survive a crash of the machine.
    private func synchronizeFolder() throws(AtomicFileFailure) {
        let folder = self.folder
        let number = SystemCall.retrying { Int(unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) }
        guard number >= 0 else { throw AtomicFileFailure("open", folder) }
        let descriptor = FileDescriptor(owning: Int32(number))
        guard SystemCall.retrying({ Int(fsync(descriptor.number)) }) == 0 else {
            throw AtomicFileFailure("fsync", folder)
        }
    }

    /// The folder the file is in.
    package var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The file's name within its folder.
    package var name: String {
        guard let slash = path.lastIndex(of: "/") else { return path }
        return String(path[path.index(after: slash)...])
    }

    /// What tells one version of the file from another without reading it; `nil` if it is not there.
    package var stamp: FileStamp? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return FileStamp(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), sizeBytes: Int64(status.st_size),
            changedSeconds: Int64(status.st_ctim.tv_sec), changedNanoseconds: Int64(status.st_ctim.tv_nsec))
    }
}

/// A file whose other writers wait: the only way to replace one, so that no change is lost between a read and
/// the write that follows from it.
package struct LockedFile: ~Copyable {
    private let file: AtomicFile
    private let lock: FileDescriptor

    fileprivate init(file: AtomicFile, lock: consuming FileDescriptor) {
        self.file = file
        self.lock = lock
    }

    /// Reads the whole file.
    package borrowing func read(maximumBytes: Int) throws(AtomicFileFailure) -> AtomicFile.Contents {
        try file.read(maximumBytes: maximumBytes)
    }

    /// The file's content, `count` words of it, as memory: what is written there is in the file at once, and
    /// on the disk when the kernel finds time. The file must be exactly that long.
    package borrowing func map(count: Int) throws(AtomicFileFailure) -> AtomicWords {
        let number = SystemCall.retrying { Int(unsafe open(file.path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)) }
        guard number >= 0 else { throw AtomicFileFailure("open", file.path) }
        let opened = FileDescriptor(owning: Int32(number))
        var status = stat()
        guard unsafe fstat(opened.number, &status) == 0 else { throw AtomicFileFailure("fstat", file.path) }
        guard Int(status.st_size) == count * MemoryLayout<UInt64>.stride else {
            throw AtomicFileFailure(.notAFile, "fstat", file.path)
        }
        do throws(SystemFailure) {
            return try AtomicWords(mapping: opened, count: count)
        } catch { throw AtomicFileFailure("mmap", file.path) }
    }

    /// Replaces the content; when this returns, the disk has it. A new file is readable by its owner only; an
    /// existing one keeps owner and permissions.
    package borrowing func replace(with bytes: Span<UInt8>) throws(AtomicFileFailure) {
        try file.replace(with: bytes)
    }
}

/// One version of a file, as the file system tells them apart.
package struct FileStamp: Sendable, Hashable {
    let device: UInt64
    let inode: UInt64
    let sizeBytes: Int64
    let changedSeconds: Int64
    let changedNanoseconds: Int64

    /// Whether two looks saw one file, however its content changed; or none, both times.
    static func isSameFile(_ one: FileStamp?, _ other: FileStamp?) -> Bool {
        one?.device == other?.device && one?.inode == other?.inode
    }
}

/// Why a file could not be read or written.
package struct AtomicFileFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, as far as callers tell cases apart.
    package enum Reason: Sendable, Hashable {
        /// There is no such file.
        case missing
        /// There is such a file already.
        case exists
        /// It is a folder, a device or a pipe.
        case notAFile
        /// It is longer than allowed.
        case tooLarge(maximumBytes: Int)
        /// Another writer has held its lock for too long.
        case locked
        /// The system refused, with this error number (errno).
        case refused(Int32)
    }

    /// The file or folder concerned.
    package let path: String
    /// What went wrong.
    package let reason: Reason
    private let call: String

    /// Makes a failure from the errno of the call that has just failed on this thread.
    init(_ call: StaticString, _ path: String) {
        let number = gw_errno()
        let reason: Reason =
            switch number {
            case ENOENT: .missing
            case EEXIST: .exists
            default: .refused(number)
            }
        self.init(reason, call, path)
    }

    fileprivate init(_ reason: Reason, _ call: StaticString, _ path: String) {
        self.path = path
        self.reason = reason
        self.call = "\(call)"
    }

    /// The file and what is wrong with it.
    package var description: String {
        switch reason {
        case .missing: "\(path): no such file"
        case .exists: "\(path): exists already"
        case .notAFile: "\(path): not an ordinary file"
        case .tooLarge(let maximumBytes): "\(path): longer than the \(maximumBytes) bytes allowed"
        case .locked: "\(path): another command has been writing it for \(AtomicFile.maximumWait)"
        case .refused(let number): "\(path): \(call): \(unsafe String(cString: strerror(number)))"
        }
    }
}
