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

    @Test func aLineHasItsColonAndItsEnd() {
        var bytes: [UInt8] = []

        bytes.append(line: Array("A".utf8).span, Array("b c".utf8).span)
        bytes.append(line: "Name", [UInt8]().span)
        bytes.append(line: "Via", "1.1 x")

        #expect(bytes.span.text == "A: b c\r\nName: \r\nVia: 1.1 x\r\n")
    }

    @Test func twoRunsStandBehindEachOther() {
        var bytes: [UInt8] = [1]

        bytes.append([2, 3].span, [4].span)
        bytes.append([UInt8]().span, [UInt8]().span)

        #expect(bytes == [1, 2, 3, 4])
    }
}
