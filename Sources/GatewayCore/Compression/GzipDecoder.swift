import CZlib
import HTTPModel

/// Reads gzip members (RFC 1952) that come in pieces, bounded in what one piece may become.
///
/// Boundary file for zlib's inflate, on the worker's thread. The stream is allocated once, because zlib keeps
/// a pointer to it; it is ended and freed with the decoder.
@safe
package struct GzipDecoder: ~Copyable {
    /// What a piece led to.
    package enum Outcome: Sendable, Hashable {
        /// Its content has been appended; `isAtEnd` if all bytes so far are one or more whole members.
        case decoded(isAtEnd: Bool)
        /// It is not gzip, or its checksum or length is wrong.
        case malformed
        /// It would become more than the bound; nothing of it is of use.
        case tooLarge
    }

    // zlib holds its address: it must not move. Used by this decoder's methods only.
    private let stream: UnsafeMutablePointer<z_stream>
    /// Whether a member has begun and not ended.
    private var isInsideMember = false

    private static let roomBytes = 16_384
    /// The largest window, and the gzip wrapper alone.
    private static let windowBits: Int32 = 15 + 16

    /// `nil` when there is no memory for its tables, about 40 KiB.
    package init?() {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let result = unsafe inflateInit2_(
            stream, Self.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
        unsafe self.stream = stream
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Decodes the next bytes and appends what comes out, at most `maximumBytes`.
    package mutating func decode(
        _ input: Span<UInt8>, into output: inout ByteBuffer, maximumBytes: Int
    ) -> Outcome {
        var left = maximumBytes
        return unsafe input.withUnsafeBufferPointer { bytes in
            // zlib only reads through it, and not after this call.
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(bytes.count)
            defer {
                unsafe stream.pointee.next_in = nil
                unsafe stream.pointee.avail_in = 0
            }
            while true {
                if !isInsideMember {
                    guard unsafe stream.pointee.avail_in > 0 else { return .decoded(isAtEnd: true) }
                    // RFC 1952 §2.2: members may follow each other.
                    guard unsafe inflateReset(stream) == Z_OK else { return .malformed }
                    isInsideMember = true
                }
                var result = Z_OK
                let count = unsafe output.fill(minimum: Self.roomBytes) { room in
                    unsafe stream.pointee.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
                    unsafe stream.pointee.avail_out = UInt32(Self.roomBytes)
                    result = unsafe inflate(stream, Z_NO_FLUSH)
                    return unsafe Self.roomBytes - Int(stream.pointee.avail_out)
                }
                left -= count
                guard left >= 0 else { return .tooLarge }
                switch result {
                case Z_STREAM_END: isInsideMember = false
                case Z_OK: break
                // No progress: all that was given has been read.
                case Z_BUF_ERROR: return .decoded(isAtEnd: false)
                default: return .malformed
                }
            }
        }
    }
}
