import HTTPModel

/// What the clocks of a place show: UTC, or a zone of the system's time zone database.
///
/// Read once, when a configuration is loaded, from a file in the form of RFC 9636: the moments at which the
/// clocks changed or will, and behind the last of them the rule that goes on for ever. Pure afterwards.
package struct TimeZoneRules: Sendable, Hashable {
    /// The name in the database: `Europe/Vienna`.
    package let name: String
    // Moments of change in seconds since 1970, ascending, and the seconds east of UTC from each on.
    private let changes: [Change]
    // Seconds east of UTC before the first change.
    private let first: Int64
    // What holds behind the last change.
    private let rule: TimeZoneFooter

    private struct Change: Sendable, Hashable {
        let at: Int64
        let offset: Int64
    }

    /// The zone without any offset.
    package static let utc = TimeZoneRules(name: "UTC")

    /// Where the system keeps its zones.
    package static let folder = "/usr/share/zoneinfo/"
    /// Largest file that is read; the largest of the database has 4 KiB.
    package static let maximumBytes = 65_536

    private init(name: String) {
        self.name = name
        changes = []
        first = 0
        rule = .constant(0)
    }

    /// Whether a text can name a zone: parts of letters, digits, `+`, `-` and `_` between slashes. Nothing
    /// that leads out of the folder.
    package static func isName(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return (1...64).contains(text.utf8.count)
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { byte in
                        byte.asciiLowercased &- 0x61 < 26 || byte &- 0x30 < 10 || "+-_".utf8.contains(byte)
                    }
            }
    }

    /// Reads a zone's file; `nil` if it is not one of RFC 9636, version 2 or later.
    package init?(name: String, file bytes: [UInt8]) {
        if name == "UTC" {
            self = .utc
            return
        }
        var reader = Reader(bytes)
        // The first block has 32-bit moments, for readers of another age; the second one says all.
        guard let old = reader.header(), old.version >= UInt8(ascii: "2"),
            reader.skip(old.blockBytes(momentBytes: 4)), let header = reader.header(),
            let block = reader.take(header.blockBytes(momentBytes: 8)),
            let footer = reader.footer(), let rule = TimeZoneFooter(footer)
        else { return nil }
        var offsets: [Int64] = []
        let types = header.moments * 9
        for type in 0..<header.types { offsets.append(Int64(Reader.integer(block, types + type * 6, 4))) }
        guard let first = offsets.first else { return nil }
        var changes: [Change] = []
        for index in 0..<header.moments {
            let type = Int(block[header.moments * 8 + index])
            guard type < offsets.count else { return nil }
            let change = Change(at: Reader.integer(block, index * 8, 8), offset: offsets[type])
            guard changes.last.map({ $0.at < change.at }) ?? true else { return nil }
            changes.append(change)
        }
        self.name = name
        self.first = first
        self.changes = changes
        self.rule = rule
    }

    /// Seconds east of UTC at a moment.
    package func offset(at unixSeconds: Int64) -> Int64 {
        guard let last = changes.last else { return rule.offset(at: unixSeconds) }
        if unixSeconds >= last.at { return rule.offset(at: unixSeconds) }
        // The last change that is not later.
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at <= unixSeconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : changes[low - 1].offset
    }

    /// When the day or month of a moment ends, in seconds since 1970: later than the moment, and the same for
    /// all moments of one window.
    package func end(of period: QuotaPeriod, at unixSeconds: Int64) -> Int64 {
        let local = unixSeconds + offset(at: unixSeconds)
        var day = CivilDay(secondsSince1970: local)
        // Twice at most: clocks that are set back over midnight show a day again that has ended.
        while true {
            day = day.beginningOfNext(period)
            let end = moment(ofMidnight: day.secondsSince1970)
            if end > unixSeconds { return end }
        }
    }

    /// The first moment at which the clocks show a midnight or, where they jump over it, what comes after it.
    private func moment(ofMidnight local: Int64) -> Int64 {
        // No zone is further than a day from UTC. The clocks show less at the one end and more at the other.
        var (low, high) = (local - 2 * 86_400, local + 2 * 86_400)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if middle + offset(at: middle) >= local { high = middle } else { low = middle }
        }
        return high
    }
}

extension TimeZoneRules {
    /// Reads numbers in the order of the network.
    private struct Reader {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        /// The head of a block.
        struct Header {
            let version: UInt8
            let utcMarks: Int, standardMarks: Int, leaps: Int, moments: Int, types: Int, letters: Int

            /// Bytes of the block behind it.
            func blockBytes(momentBytes: Int) -> Int {
                moments * (momentBytes + 1) + types * 6 + letters + leaps * (momentBytes + 4) + standardMarks
                    + utcMarks
            }
        }

        mutating func header() -> Header? {
            guard let head = take(44), head.starts(with: Array("TZif".utf8)) else { return nil }
            let counts = (0..<6).map { Int(Self.integer(head, 20 + $0 * 4, 4)) }
            guard counts.allSatisfy({ (0...TimeZoneRules.maximumBytes).contains($0) }) else { return nil }
            return Header(
                version: head[4], utcMarks: counts[0], standardMarks: counts[1], leaps: counts[2],
                moments: counts[3], types: counts[4], letters: counts[5])
        }

        mutating func skip(_ count: Int) -> Bool { take(count) != nil }

        mutating func take(_ count: Int) -> [UInt8]? {
            guard count <= bytes.count - position else { return nil }
            defer { position += count }
            return Array(bytes[position..<(position + count)])
        }

        /// What stands between two line feeds at the end.
        func footer() -> [UInt8]? {
            let rest = bytes[position...]
            guard rest.count >= 2, rest.first == 0x0A, rest.last == 0x0A else { return nil }
            return Array(rest.dropFirst().dropLast())
        }

        /// A signed number of 4 or 8 bytes.
        static func integer(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int64 {
            let value = bytes[start..<(start + count)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return count == 4
                ? Int64(Int32(bitPattern: UInt32(value))) : Int64(bitPattern: value)
        }
    }
}
