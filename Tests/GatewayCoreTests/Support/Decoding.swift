import CZlib
import CZstd

/// Takes codings off again, with the libraries themselves.
enum Decoding {
    /// The content of one gzip member; `nil` unless these bytes are exactly one.
    static func gzip(_ bytes: [UInt8], maximum: Int = 8 << 20) -> [UInt8]? {
        var stream = unsafe z_stream()
        // zlib keeps the stream's address until the end, so all of it happens inside.
        return unsafe withUnsafeMutablePointer(to: &stream) { stream in
            guard
                unsafe inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
                    == Z_OK
            else { return nil }
            defer { unsafe inflateEnd(stream) }
            var input = bytes
            var output = [UInt8](repeating: 0, count: maximum)
            return unsafe input.withUnsafeMutableBufferPointer { input in
                unsafe output.withUnsafeMutableBufferPointer { output in
                    unsafe stream.pointee.next_in = input.baseAddress
                    unsafe stream.pointee.avail_in = UInt32(input.count)
                    unsafe stream.pointee.next_out = output.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(output.count)
                    guard unsafe inflate(stream, Z_FINISH) == Z_STREAM_END else { return nil }
                    guard unsafe stream.pointee.avail_in == 0 else { return nil }
                    return unsafe Array(output.prefix(output.count - Int(stream.pointee.avail_out)))
                }
            }
        }
    }

    /// The content of one Zstandard frame; `nil` unless these bytes are exactly one.
    static func zstd(_ bytes: [UInt8], maximum: Int = 8 << 20) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: maximum)
        let count = unsafe output.withUnsafeMutableBytes { output in
            unsafe bytes.withUnsafeBytes { input in
                unsafe ZSTD_decompress(output.baseAddress, output.count, input.baseAddress, input.count)
            }
        }
        guard ZSTD_isError(count) == 0 else { return nil }
        return Array(output.prefix(count))
    }
}
