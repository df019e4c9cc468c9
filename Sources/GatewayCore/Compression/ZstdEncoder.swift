import CZstd
import HTTPModel

/// Makes Zstandard frames (RFC 8878) of bytes that come in pieces.
///
/// Boundary file for libzstd's streaming compression, on the worker's thread. The context is freed with the
/// encoder.
@safe
struct ZstdEncoder: ~Copyable {
    // Owned; used by this encoder's methods only.
    private let context: OpaquePointer
    private var piece = [UInt8](repeating: 0, count: ZstdEncoder.pieceBytes)

    private static let pieceBytes = 16_384

    /// `nil` when there is no memory for it, or the level is none.
    init?(level: Int) {
        guard let context = unsafe ZSTD_createCCtx() else { return nil }
        let result = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
        guard ZSTD_isError(result) == 0 else {
            unsafe ZSTD_freeCCtx(context)
            return nil
        }
        unsafe self.context = context
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// Begins anew, for exactly so many bytes; whether libzstd can.
    mutating func begin(byteCount: Int) -> Bool {
        let reset = unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
        let pledged = unsafe ZSTD_CCtx_setPledgedSrcSize(context, UInt64(byteCount))
        return ZSTD_isError(reset) == 0 && ZSTD_isError(pledged) == 0
    }

    /// Encodes the next bytes and appends what comes out. `false` if libzstd fails, which is a bug of
    /// somebody's.
    mutating func encode(_ input: Span<UInt8>, isLast: Bool, into output: inout [UInt8]) -> Bool {
        unsafe input.withUnsafeBufferPointer { bytes in
            // libzstd only reads through it, and not after this call.
            var source = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
            while true {
                var written = 0
                let left = unsafe piece.withUnsafeMutableBufferPointer { room in
                    var target = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                    let left = unsafe ZSTD_compressStream2(
                        context, &target, &source, isLast ? ZSTD_e_end : ZSTD_e_continue)
                    unsafe written = target.pos
                    return left
                }
                guard ZSTD_isError(left) == 0 else { return false }
                output.append(piece.span.extracting(first: written))
                let isTaken = unsafe source.pos == source.size
                if isLast ? left == 0 : isTaken { return true }
            }
        }
    }
}
