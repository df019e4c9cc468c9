import HTTPModel
import Testing

struct ByteRangeTests {
    @Test func aRunIsItsOffsets() {
        let run = ByteRange(from: 3, to: 8)

        #expect(run == ByteRange(start: 3, count: 5))
        #expect(run.end == 8)
        #expect(run.range == 3..<8)
        #expect(!run.isEmpty)
    }

    @Test func aShiftedRunHasTheSameLength() {
        #expect(ByteRange(from: 3, to: 8).shifted(by: 10) == ByteRange(from: 13, to: 18))
        #expect(ByteRange(from: 3, to: 8).shifted(by: -3) == ByteRange(from: 0, to: 5))
    }

    @Test func theEndOfTheLargestRunDoesNotOverflow() {
        #expect(ByteRange(start: .max, count: .max).end == 2 * Int(UInt32.max))
    }

    @Test func aRunOfNothingIsEmptyWhereverItStands() {
        #expect(ByteRange.empty.isEmpty)
        #expect(ByteRange(from: 7, to: 7).isEmpty)
    }
}
