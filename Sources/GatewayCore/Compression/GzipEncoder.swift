import CZlib
import HTTPModel

/// Makes gzip members (RFC 1952) of bytes that come in pieces.
///
/// Boundary file for zlib's deflate, on the worker's thread. The stream is allocated once, because zlib keeps
/// a pointer to it; it is ended and freed with the encoder.
@safe
struct GzipEncoder: ~Copyable {
    // zlib holds its address: it must not move. Used by this encoder's methods only.
    private let stream: UnsafeMutablePointer<z_stream>
    private var piece = [UInt8](repeating: 0, count: GzipEncoder.pieceBytes)

    private static let pieceBytes = 16_384
    /// The largest window, and the gzip wrapper instead of zlib's own.
    private static let windowBits: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 8

    /// `nil` when there is no memory for its tables, about 260 KiB.
    init?(level: Int) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let result = unsafe deflateInit2_(
            stream, Int32(level), Z_DEFLATED, Self.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
        unsafe self.stream = stream
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Begins anew; whether zlib can.
    mutating func begin() -> Bool { unsafe deflateReset(stream) == Z_OK }

    /// Encodes the next bytes and appends what comes out. `false` if zlib fails, which is a bug of
    /// somebody's.
    mutating func encode(_ input: Span<UInt8>, isLast: Bool, into output: inout [UInt8]) -> Bool {
        unsafe input.withUnsafeBufferPointer { bytes in
            // zlib only reads through it, and not after this call.
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(bytes.count)
            defer {
                unsafe stream.pointee.next_in = nil
                unsafe stream.pointee.avail_in = 0
            }
            while true {
                let result = unsafe piece.withUnsafeMutableBufferPointer { room in
                    unsafe stream.pointee.next_out = room.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(room.count)
                    return unsafe deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                }
                // No progress is no failure: there was nothing to do.
                guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { return false }
                let isFull = unsafe stream.pointee.avail_out == 0
                let count = unsafe Self.pieceBytes - Int(stream.pointee.avail_out)
                output.append(piece.span.extracting(first: count))
                if isLast ? result == Z_STREAM_END : !isFull { return true }
                if result == Z_BUF_ERROR, !isFull { return false }
            }
        }
    }
}
