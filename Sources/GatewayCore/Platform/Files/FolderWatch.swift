import CGatewayShims
import Glibc

/// Hears of changes in one folder (inotify). Owned by the main thread.
///
/// A folder rather than a file: a file that is replaced is another file, and a watch on the old one says
/// nothing.
package struct FolderWatch: ~Copyable {
    private let descriptor: FileDescriptor
    private let folder: String
    private var watch: Int32

    /// Begins to watch.
    package init(folder: String) throws(SystemFailure) {
        let number = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard number >= 0 else { throw SystemFailure("inotify_init1") }
        let descriptor = FileDescriptor(owning: number)
        let watch = Self.add(folder, to: number)
        guard watch >= 0 else { throw SystemFailure("inotify_add_watch") }
        self.descriptor = descriptor
        self.folder = folder
        self.watch = watch
    }

    /// Readable when something has happened; for epoll.
    package var number: Int32 { descriptor.number }

    /// Whether a file of this name was written or put in place, or anything at all may have been missed,
    /// since the last call. Never blocks.
    package mutating func drain(for name: String) -> FolderNews {
        var news = FolderNews.quiet
        var buffer = ByteBuffer(minimumCapacity: Self.bufferBytes)
        // An event arrives whole, and the buffer holds dozens; a storm of them is read in so many turns.
        for _ in 0..<Self.maximumReads {
            guard case .moved = SystemCall.read(descriptor, into: &buffer, maximum: Self.bufferBytes) else {
                break
            }
            news = max(news, Self.news(in: &buffer, for: name))
            buffer.removeAll()
        }
        // The folder itself may have been replaced; adding a watch that exists changes nothing.
        let renewed = Self.add(folder, to: descriptor.number)
        if renewed != watch {
            watch = renewed
            news = max(news, .folder)
        }
        return news
    }

    private static let bufferBytes = 4_096
    private static let maximumReads = 64

    private static func add(_ folder: String, to descriptor: Int32) -> Int32 {
        unsafe inotify_add_watch(
            descriptor, folder,
            UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR))
    }

    private static func news(in buffer: inout ByteBuffer, for name: String) -> FolderNews {
        let name = Array(name.utf8)
        return unsafe buffer.withUnsafeBytes { bytes in
            var news = FolderNews.quiet
            var offset = 0
            let headCount = MemoryLayout<inotify_event>.size
            while offset + headCount <= bytes.count {
                // The kernel writes whole events, each with a name padded by NULs to `len` bytes.
                let event = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                let end = min(offset + headCount + Int(event.len), bytes.count)
                let text = unsafe bytes[(offset + headCount)..<end].prefix { $0 != 0 }
                let isContent = event.mask & UInt32(IN_CLOSE_WRITE | IN_MOVED_TO) != 0
                let isNamed = unsafe text.elementsEqual(name)
                news = max(news, isContent && isNamed ? .file : .folder)
                offset = end
            }
            return news
        }
    }
}

/// What has happened in a folder; the later case includes the earlier ones.
package enum FolderNews: Int, Sendable, Comparable {
    /// Nothing.
    case quiet
    /// Something: whether it concerns the file, only a look at the file can say.
    case folder
    /// The file was written, or put in place.
    case file

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
