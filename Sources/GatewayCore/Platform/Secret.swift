import Glibc

/// Bytes that must never be seen: an upstream token, a key, a pepper.
///
/// The type has no description, no reflection and no `Codable`; the only way to its bytes is `withBytes`, and
/// whoever uses it answers for where they go. Wiped when the last reference goes. Immutable, so it may be
/// shared by all workers.
@safe
package final class Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    // Written once in `init`, wiped in `deinit`; nobody else keeps the pointer, so sharing it is safe.
    private nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer

    /// Takes a copy of the bytes; the caller wipes its own.
    package init(_ bytes: Span<UInt8>) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        unsafe bytes.withUnsafeBytes { unsafe memory.copyMemory(from: $0) }
        unsafe self.memory = memory
    }

    /// Takes a copy of the text's UTF-8.
    package convenience init(_ text: String) {
        self.init(Array(text.utf8).span)
    }

    deinit {
        // explicit_bzero is never optimized away, unlike a plain store before free.
        if let base = unsafe memory.baseAddress { unsafe explicit_bzero(base, memory.count) }
        unsafe memory.deallocate()
    }

    /// Number of bytes.
    package var count: Int { unsafe memory.count }

    /// Lends the bytes for the length of a call.
    package func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = unsafe UnsafeBufferPointer(memory.assumingMemoryBound(to: UInt8.self))
        return try body(unsafe Span(_unsafeElements: bytes))
    }

    /// Overwrites a working copy of secret bytes and empties it. The array must not share its storage.
    package static func wipe(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { memory in
            // An array without elements may have no memory.
            if let base = memory.baseAddress { unsafe explicit_bzero(base, memory.count) }
        }
        bytes = []
    }

    /// What a secret prints as.
    package var description: String { "<secret>" }
    /// What a secret prints as.
    package var debugDescription: String { "<secret>" }
    /// A secret shows no children to reflection.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
