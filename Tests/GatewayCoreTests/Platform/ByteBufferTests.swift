import HTTPModel
import Testing

@testable import GatewayCore

struct ByteBufferTests {
    @Test func wipedBytesAreGoneFromTheMemoryToo() {
        var buffer = ByteBuffer()
        buffer.append("secret, rest")
        var before: UnsafeRawPointer?
        unsafe buffer.withUnsafeBytes { unsafe before = $0.baseAddress }

        buffer.consumeAndWipe(6)

        let rest = buffer.withBytes { $0.text }
        // The buffer lives, and its memory has not moved: six bytes from where they began.
        let wiped = (0..<6).map { unsafe before?.load(fromByteOffset: $0, as: UInt8.self) }
        #expect(rest == ", rest")
        #expect(wiped == [0, 0, 0, 0, 0, 0])
    }

    @Test func reservedRoomIsFilledWithoutMovingAnything() {
        var buffer = ByteBuffer()
        buffer.reserve(1_000)
        let capacity = buffer.capacity

        for _ in 0..<1_000 { buffer.append(UInt8(ascii: "x")) }

        #expect(buffer.capacity == capacity)
    }

    @Test func bytesComeOutInTheOrderTheyWentIn() {
        var buffer = ByteBuffer()

        buffer.append("abc")
        buffer.append(UInt8(ascii: "-"))
        buffer.append(decimal: 0)
        buffer.append(decimal: 18_446_744_073_709_551_615)
        buffer.append(hexadecimal: 0)
        buffer.append(hexadecimal: 0xDEAD)

        let text = buffer.withBytes { $0.text }
        #expect(text == "abc-0184467440737095516150dead")
    }

    @Test(arguments: [9, 10, 11, 99, 100, 999_999_999, 1_000_000_000, 9_999_999_999_999_999_999] as [UInt64])
    func numbersAreWrittenInDecimal(number: UInt64) {
        var buffer = ByteBuffer()

        buffer.append(decimal: number)

        let text = buffer.withBytes { $0.text }
        #expect(text == String(number))
    }

    @Test func quotesAndBackslashesOfALiteralAreEscapedWhereverTheyStand() {
        let texts: [StaticString] = [
            "", "plain", "plain and longer than a word", "\"", "\\", "seven77\"", "eight888\"",
            "\"first, then eight more", "in the \"middle\" and \\ at the end\\",
        ]
        for text in texts {
            var buffer = ByteBuffer()

            buffer.append(escaping: text)

            let escaped = buffer.withBytes { $0.text }
            let expected = "\(text)".replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            #expect(escaped == expected)
        }
    }

    @Test func consumedBytesMakeRoomWithoutGrowing() {
        var buffer = ByteBuffer(minimumCapacity: 256)
        let piece = [UInt8](repeating: 7, count: 100)

        for _ in 0..<1_000 {
            buffer.append(piece.span)
            buffer.consume(100)
        }

        let (capacity, isEmpty) = (buffer.capacity, buffer.isEmpty)
        #expect(capacity == 256)
        #expect(isEmpty)
    }

    @Test func aReleasedBufferHoldsNoMemory() {
        var buffer = ByteBuffer(minimumCapacity: 4_096)
        buffer.append("x")

        buffer.release()

        let (capacity, isEmpty) = (buffer.capacity, buffer.isEmpty)
        #expect(capacity == 0)
        #expect(isEmpty)
    }
}
