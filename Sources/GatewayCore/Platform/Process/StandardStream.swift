import Glibc

/// The three streams a command starts with. For commands: results go to output, everything else to error.
///
/// The boundary to read(2) and write(2) on descriptors 0, 1 and 2, which nobody opens or closes.
package enum StandardStream {
    case output, error

    /// Writes all of the bytes; `false` if the stream is closed or its disk is full.
    @discardableResult
    package func write(_ bytes: Span<UInt8>) -> Bool {
        let number: Int32 =
            switch self {
            case .output: 1
            case .error: 2
            }
        var written = 0
        while written < bytes.count {
            let result = unsafe bytes.extracting(droppingFirst: written).withUnsafeBytes { rest in
                SystemCall.retrying { unsafe Glibc.write(number, rest.baseAddress, rest.count) }
            }
            guard result > 0 else { return false }
            written += result
        }
        return true
    }

    /// Writes a text and a line end.
    @discardableResult
    package func writeLine(_ text: String) -> Bool { write(Array("\(text)\n".utf8).span) }

    /// Reads the input to its end; `nil` if it holds more than `maximumBytes` or cannot be read. Whoever
    /// reads secrets wipes them.
    package static func readInput(maximumBytes: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
        var filled = 0
        while filled < bytes.count {
            let result = unsafe bytes.withUnsafeMutableBytes { memory in
                let room = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
                return SystemCall.retrying { unsafe Glibc.read(0, room.baseAddress, room.count) }
            }
            if result == 0 {
                bytes.removeSubrange(filled...)
                return bytes
            }
            guard result > 0 else { break }
            filled += result
        }
        Secret.wipe(&bytes)
        return nil
    }
}
