import HTTPModel
import Testing

struct ArrayBytesTests {
    @Test(arguments: [0, 7, -7, 10, 99, 100, 1_234_567_890, Int64.max, Int64.min])
    func numbersAreWrittenInDecimal(number: Int64) {
        var bytes: [UInt8] = [0x3D]

        bytes.append(decimal: number)

        #expect(bytes.span.text == "=\(number)")
    }

    @Test func literalsAndSpansAreAppendedWhole() {
        var bytes: [UInt8] = []

        bytes.append("ab")
        bytes.append([0x63, 0, 0xFF].span)
        bytes.append("")

        #expect(bytes == [0x61, 0x62, 0x63, 0, 0xFF])
    }
}
