import Glibc

/// A folder that only this user can enter, below `$TMPDIR` or `/tmp`. For the demo and the tests.
package enum PrivateFolder {
    /// Makes one; its path, or `nil` if none can be made.
    package static func make(prefix: String) -> String? {
        let parent = EnvironmentVariable.value("TMPDIR") ?? "/tmp"
        var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
        // mkdtemp replaces the six letters in place and leaves the NUL.
        guard unsafe mkdtemp(&template) != nil else { return nil }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes these files of a folder, as far as they are there, and the folder if nothing else is in it.
    package static func remove(_ folder: String, files: [String]) {
        for file in files { _ = unsafe unlink("\(folder)/\(file)") }
        _ = unsafe rmdir(folder)
    }
}
