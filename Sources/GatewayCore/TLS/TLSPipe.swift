import CGatewayShims
import Glibc

/// The worker's two ciphertext buffers, which every TLS session of the worker uses in turn.
///
/// Boundary file: the C side (`gw_pipe` in CGatewayShims) holds the pointers. The rule that keeps sessions
/// apart: whoever receives into the pipe takes everything out of it before the next connection's turn, and
/// whoever encrypts sends or carries off the output; `precondition`s hold it. Owned by one worker.
@safe
package final class TLSPipe {
    // The address must stay the same for the BIOs' sake, hence a heap cell.
    private let cell: UnsafeMutablePointer<gw_pipe>
    private let room: UnsafeMutableRawBufferPointer

    /// Bytes read from a socket at once: four full records.
    package static let receiveBytes = 65_536
    /// Most ciphertext that one turn of one connection can produce; more plaintext is not offered.
    private static let outputLimitBytes = 1 << 20

    /// Makes an empty pipe.
    package init() {
        unsafe cell = .allocate(capacity: 1)
        unsafe cell.initialize(to: gw_pipe())
        unsafe cell.pointee.output_limit = Self.outputLimitBytes
        unsafe room = .allocate(byteCount: Self.receiveBytes, alignment: 64)
    }

    deinit {
        unsafe free(cell.pointee.output)
        unsafe cell.deallocate()
        unsafe room.deallocate()
    }

    /// The C side, for the BIO of a session; valid as long as the pipe.
    var handle: UnsafeMutablePointer<gw_pipe> { unsafe cell }

    /// Whether received ciphertext waits to be taken.
    package var hasInput: Bool { unsafe cell.pointee.input_count > 0 }

    /// Whether ciphertext waits to be sent.
    package var hasOutput: Bool { unsafe cell.pointee.output_count > 0 }

    /// Reads ciphertext of one connection from its socket.
    package func receive(_ descriptor: borrowing FileDescriptor) -> TransferOutcome {
        precondition(!hasInput, "ciphertext of another connection is still in the pipe")
        let number = descriptor.number
        let count = SystemCall.retrying { unsafe Glibc.read(number, room.baseAddress, room.count) }
        if count > 0 {
            // `room` lives as long as the pipe, and is not written again while input is left.
            unsafe cell.pointee.input = UnsafePointer(room.baseAddress?.assumingMemoryBound(to: UInt8.self))
            unsafe cell.pointee.input_count = count
            return .moved(count)
        }
        if count == 0 { return .ended }
        return gw_errno() == EAGAIN ? .wouldBlock : .lost(SystemFailure("read"))
    }

    /// Forgets input that a failed session did not take, so that nobody else finds it.
    package func discardInput() { unsafe cell.pointee.input_count = 0 }

    /// Forgets output of a session that has failed.
    package func discardOutput() { unsafe cell.pointee.output_count = 0 }

    /// Writes the output to the socket; what the socket does not take now is moved to `rest`.
    package func send(
        _ descriptor: borrowing FileDescriptor, rest: inout ByteBuffer
    ) -> TransferOutcome {
        let count = unsafe cell.pointee.output_count
        precondition(count > 0 && rest.isEmpty, "nothing to send, or bytes that must go first")
        let number = descriptor.number
        let sent = SystemCall.retrying {
            unsafe Glibc.send(number, cell.pointee.output, count, Int32(MSG_NOSIGNAL))
        }
        let number2 = sent < 0 ? gw_errno() : 0
        if sent < 0 && number2 != EAGAIN {
            discardOutput()
            return .lost(SystemFailure("write"))
        }
        let moved = max(sent, 0)
        if moved < count, let output = unsafe cell.pointee.output {
            // The C side holds `count` initialized bytes at `output`.
            let left = unsafe UnsafeBufferPointer(start: output + moved, count: count - moved)
            unsafe rest.append(Span(_unsafeElements: left))
        }
        discardOutput()
        return moved > 0 ? .moved(moved) : .wouldBlock
    }
}
