import CGatewayShims
import COpenSSL

/// 32 bytes that HMAC-SHA-256 made of a message: what is kept of a token at rest.
///
/// Four words instead of an array, so that a table of digests is one piece of memory. Compared in constant
/// time.
package struct Digest: Sendable, Equatable {
    /// Number of bytes.
    package static let byteCount = 32

    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// A digest of no message: stands in where a check must take its time and fail all the same.
    package static let zero = Digest()

    private init() {}

    /// SHA-256 of a message, without a key: for what anybody may check.
    package static func sha256(_ message: Span<UInt8>) -> Digest {
        var digest = Digest()
        unsafe digest.withUnsafeMutableBytes { target in
            unsafe message.withUnsafeBufferPointer { source in
                // `target` is 32 bytes, what SHA-256 writes.
                let out = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                _ = unsafe SHA256(source.baseAddress, source.count, out)
            }
        }
        return digest
    }

    /// Takes 32 bytes; `nil` for any other number.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        unsafe withUnsafeMutableBytes { target in
            // Both sides have 32 bytes: one was checked, the other is four words.
            unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
        }
    }

    /// The bytes as 64 hexadecimal digits.
    package var hexadecimal: String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The bytes. Allocates.
    package var bytes: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }

    /// Compares in constant time: how many first bytes are right must not be measurable.
    package static func == (left: Digest, right: Digest) -> Bool {
        unsafe left.withUnsafeBytes { a in
            unsafe right.withUnsafeBytes { b in
                // Each closure lends exactly 32 bytes.
                unsafe CRYPTO_memcmp(a.baseAddress, b.baseAddress, byteCount) == 0
            }
        }
    }

    /// Boundary call: lends the bytes for the length of a C call.
    fileprivate func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        // Four words of plain bytes without padding.
        unsafe Swift.withUnsafeBytes(of: words) { unsafe body($0) }
    }

    fileprivate mutating func withUnsafeMutableBytes(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        unsafe Swift.withUnsafeMutableBytes(of: &words) { unsafe body($0) }
    }
}

/// A key for digests, prepared so that a check of a token costs two compressions of SHA-256.
///
/// The boundary to the digest shim. Immutable after `init`, so all workers share one; wiped when the last
/// reference goes.
@safe
package final class DigestKey: Sendable {
    // Written once in `init`, freed in `deinit`; the shim only reads it, so sharing it is safe.
    private nonisolated(unsafe) let prepared: OpaquePointer

    /// Prepares the HMAC-SHA-256 key with these bytes.
    package init(_ key: Span<UInt8>) {
        let prepared = unsafe key.withUnsafeBufferPointer {
            unsafe gw_digest_key_new($0.baseAddress, $0.count)
        }
        guard let prepared = unsafe prepared else { preconditionFailure("no memory for a digest key") }
        unsafe self.prepared = prepared
    }

    deinit { unsafe gw_digest_key_free(prepared) }

    /// The digest of a message. About 0.15 µs for a message of at most 55 bytes, which fits one block.
    package func digest(_ message: Span<UInt8>) -> Digest {
        var digest = Digest.zero
        unsafe digest.withUnsafeMutableBytes { target in
            unsafe message.withUnsafeBufferPointer { source in
                // `target` is 32 bytes, what the shim writes.
                let out = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                unsafe gw_digest(prepared, source.baseAddress, source.count, out)
            }
        }
        return digest
    }

    /// Whether `expected` is the digest of `message`; compared in constant time, without allocation.
    package func matches(_ message: Span<UInt8>, _ expected: Digest) -> Bool {
        unsafe expected.withUnsafeBytes { expected in
            unsafe message.withUnsafeBufferPointer { source in
                // `expected` is 32 bytes, what the shim reads.
                let known = unsafe expected.baseAddress?.assumingMemoryBound(to: UInt8.self)
                return unsafe gw_digest_matches(prepared, source.baseAddress, source.count, known) == 1
            }
        }
    }

    /// A key of its own for one purpose, derived from this one (HKDF-Expand of RFC 5869 §2.3, one block).
    package func subkey(_ purpose: StaticString) -> Secret {
        var info = Array("\(purpose)".utf8)
        info.append(1)
        var bytes = digest(info.span).bytes
        defer { Secret.wipe(&bytes) }
        return Secret(bytes.span)
    }
}
