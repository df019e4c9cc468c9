import HTTPModel

/// What a canonical request target asks of a list, by a page model: ranges into the target's bytes.
///
/// Read on misses only, and once for each page that is stored. Allocates nothing.
struct PageQuestion: Sendable {
    /// Most parameters without a meaning that are told apart; a target with more is no question.
    static let maximumOthers = 4

    /// The path; the target begins with it.
    private(set) var path = ByteRange.empty
    /// At most so many rows.
    private(set) var limit: Int
    /// Only rows behind this id; empty for all.
    private(set) var cursor = ByteRange.empty
    /// Whether rows carry the member that is optional.
    private(set) var includes = false
    /// The values of the model's filters; empty where one is absent.
    private(set) var values = InlineArray<8, ByteRange>(repeating: .empty)
    /// `name=value` of parameters without a meaning, in canonical order.
    private(set) var others = InlineArray<4, ByteRange>(repeating: .empty)
    private(set) var otherCount = 0

    /// Reads a target: a path, and behind `?` a query that the normalizer wrote. `nil` for whatever else a
    /// key may hold.
    init?(_ target: Span<UInt8>, model: borrowing PageModel) {
        limit = model.standardLimit
        // A line end begins request fields in a key, which no question has.
        guard target.firstIndex(of: 0x0A, from: 0) == target.count else { return nil }
        var next = target.firstIndex(of: UInt8(ascii: "?"), from: 0)
        path = ByteRange(from: 0, to: next)
        while next < target.count {
            // Skips the `?` or `&` before the pair.
            let start = next + 1
            next = target.firstIndex(of: UInt8(ascii: "&"), from: start)
            let equals = target.firstIndex(of: UInt8(ascii: "="), from: start)
            guard equals > start, equals < next, read(target, start, equals, next, model) else { return nil }
        }
    }

    /// Whether both ask about the same list: the same path, and the same of what has no meaning.
    func isFamily(
        of other: PageQuestion, _ target: Span<UInt8>, otherTarget: Span<UInt8>
    ) -> Bool {
        guard otherCount == other.otherCount,
            target.extracting(path.range).equals(otherTarget.extracting(other.path.range))
        else { return false }
        for index in 0..<otherCount {
            let mine = target.extracting(others[index].range)
            guard mine.equals(otherTarget.extracting(other.others[index].range)) else { return false }
        }
        return true
    }

    /// Whether both begin with the same rows: the same list, cursor and filters, however many rows of it, and
    /// whatever of them.
    func hasSameBegin(
        as other: PageQuestion, _ target: Span<UInt8>, otherTarget: Span<UInt8>
    ) -> Bool {
        func isSame(_ mine: ByteRange, _ others: ByteRange) -> Bool {
            target.extracting(mine.range).equals(otherTarget.extracting(others.range))
        }
        guard isFamily(of: other, target, otherTarget: otherTarget), isSame(cursor, other.cursor) else {
            return false
        }
        for index in 0..<8 where !isSame(values[index], other.values[index]) { return false }
        return true
    }

    private mutating func read(
        _ target: Span<UInt8>, _ start: Int, _ equals: Int, _ end: Int, _ model: PageModel
    ) -> Bool {
        let name = target.extracting(start..<equals)
        let value = ByteRange(from: equals + 1, to: end)
        if value.isEmpty { return false }
        if name.equals(model.limitName) {
            guard let number = target.extracting(value.range).smallNumber else { return false }
            limit = number
            return true
        }
        if name.equals(model.cursorName) {
            cursor = value
            return true
        }
        if !model.includesName.isEmpty, name.equals(model.includesName) {
            includes = true
            return true
        }
        for index in model.filterNames.indices where name.equals(model.filterNames[index]) {
            values[index] = value
            return true
        }
        guard otherCount < Self.maximumOthers else { return false }
        others[otherCount] = ByteRange(from: start, to: end)
        otherCount += 1
        return true
    }
}

extension Span where Element == UInt8 {
    /// The number in one to nine digits, without a needless zero in front; `nil` for anything else.
    var smallNumber: Int? {
        guard (1...9).contains(count), count == 1 || self[0] != 0x30 else { return nil }
        var number = 0
        for index in 0..<count {
            let digit = self[index] &- 0x30
            guard digit < 10 else { return nil }
            number = number * 10 + Int(digit)
        }
        return number
    }

    /// The first such byte from `start` on, at most the end, or the end; looks at eight bytes at a time.
    func firstIndex(of byte: UInt8, from start: Int) -> Int {
        let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        let all = ones &* UInt64(byte)
        var (index, isFound) = firstMark(from: start) { word in
            // Zero where the byte is; the lowest mark is right, above it there may be one too many.
            let difference = word ^ all
            return (difference &- ones) & ~difference & highs
        }
        if isFound { return index }
        while index < count, self[index] != byte { index += 1 }
        return index
    }

    /// Whether the bytes are exactly these.
    func equals(_ bytes: [UInt8]) -> Bool { equals(bytes.span) }

    /// Less than zero, zero, or more: how these bytes compare with others, byte by byte.
    func order(against other: Span<UInt8>) -> Int {
        let common = Swift.min(count, other.count)
        var index = 0
        while index <= common - 8 {
            let (mine, others) = (word(at: index), other.word(at: index))
            // As numbers with the first byte highest, words are ordered like their bytes.
            if mine != others { return mine.byteSwapped < others.byteSwapped ? -1 : 1 }
            index += 8
        }
        while index < common {
            if self[index] != other[index] { return self[index] < other[index] ? -1 : 1 }
            index += 1
        }
        return count - other.count
    }
}
