/// Tells when the tenant store must be read again. Owned by the main thread, which polls `descriptor`.
///
/// Made before the first read, so that no change falls between the two.
package struct StoreFollower: ~Copyable {
    private let file: AtomicFile
    private let name: String
    private var watch: FolderWatch
    private var stamp: FileStamp?
    /// Whether the file was being written when it was last looked at.
    private var isUnsettled = false

    /// Begins to follow the store that a configuration names.
    package init(_ credentials: CredentialsConfiguration) throws(SystemFailure) {
        file = AtomicFile(path: credentials.storePath)
        name = file.name
        watch = try FolderWatch(folder: file.folder)
        stamp = file.stamp
    }

    /// Readable when something has happened in the store's folder; for epoll, level-triggered.
    package var descriptor: Int32 { watch.number }

    /// Takes note of what has happened; a file that is still being written has not changed yet. Never
    /// blocks on the watch. Called when `descriptor` is readable, and by housekeeping now and then as well:
    /// a store behind a symbolic link may change without a sign in its folder.
    package mutating func drain() -> StoreChange {
        let news = watch.drain(for: name)
        let current = file.stamp
        let previous = stamp
        stamp = current
        // A write that leaves size and clock tick as they were is still announced by its name.
        if news == .file || !FileStamp.isSameFile(current, previous) {
            isUnsettled = false
            return .changed
        }
        // Who writes the file where it stands may be in the middle of it, and what is half there would be
        // read, with care, for nothing. The kernel tells when he closes it; where it does not (a network file
        // system), a file that stays as it is from one look to the next is whole.
        let wasUnsettled = isUnsettled
        isUnsettled = current != previous
        return wasUnsettled && !isUnsettled ? .changed : .unchanged
    }
}

/// Whether the store must be read again.
package enum StoreChange: Sendable, Equatable {
    /// It is as it was.
    case unchanged
    /// It was written, replaced, made or removed.
    case changed
}
