import HTTPModel

/// How the pages of a list endpoint are built, and which parameter of its query asks for what.
///
/// With it the cache can answer one question out of the page of another. Declared with the query model, never
/// in code here. What a page holds beyond the names below is passed along and not interpreted.
public final class PageModel: Sendable {
    /// The members of a page that are read.
    public struct Names: Sendable, Hashable {
        /// The list of rows.
        public var rows = "data"
        /// What identifies a row, and orders the list.
        public var id = "id"
        /// The object that says where the page ends.
        public var pagination = "pagination"
        /// Inside it, the page size that was asked for.
        public var limit = "limit"
        /// Inside it, whether rows follow behind the page.
        public var hasMore = "has_more"
        /// Inside it, the last row's id if rows follow, else null.
        public var nextCursor = "next_cursor"
        /// In a row, the moment at which it changes by itself, if it has any.
        public var expiry = "expires_at"
        /// In a row, the member that says whether that is still to come.
        public var state = "status"
        /// The states in which it is.
        public var activeStates = ["created", "in_progress"]
        /// What `POST LIST/ID/ACTION` may do to a row that stays in the list all the same.
        public var rowActions = ["cancel"]

        /// The names of the Kayle API.
        public init() {}
    }

    /// What a parameter asks for.
    public enum Meaning: Sendable, Hashable {
        /// At most so many rows; the number that absence means.
        case limit(standard: Int)
        /// Only rows whose id is greater.
        case cursor
        /// Only rows in which this member is exactly the parameter's text.
        case equals(member: String)
        /// Only rows in which this member, a moment shown in milliseconds, is not earlier.
        case from(member: String)
        /// Only rows in which this member, a moment shown in milliseconds, is not later.
        case to(member: String)
        /// Rows carry this member, which they do not have otherwise.
        case includes(member: String)
    }

    /// A parameter with what it asks for. A parameter that is not declared here must be the same in both
    /// questions.
    public struct Parameter: Sendable, Hashable {
        /// The name in a canonical query.
        public let name: String
        /// What it asks for.
        public let meaning: Meaning

        /// Puts the two together.
        public init(_ name: String, _ meaning: Meaning) {
            self.name = name
            self.meaning = meaning
        }
    }

    /// How a row's member is read.
    enum MemberKind: Sendable {
        /// A string without escapes.
        case text
        /// `2026-11-23T12:00:00.000Z`.
        case instant
        /// Anything; may be missing.
        case optional
        /// `2026-11-23T12:00:00.000Z`, or another value, or none at all.
        case optionalInstant
        /// A string without escapes, or another value, or none at all.
        case optionalText
    }

    /// A member of a row.
    struct Member: Sendable {
        let name: [UInt8]
        let kind: MemberKind
        /// The beginning of the name, as `Span.beginning` has it.
        fileprivate let beginning: UInt64

        init(name: [UInt8], kind: MemberKind) {
            self.name = name
            self.kind = kind
            beginning = name.span.beginning(of: ByteRange(from: 0, to: name.count))
        }
    }

    /// How a row is chosen by one parameter.
    enum Comparison: Sendable {
        case equals, from, to
    }

    /// A parameter that chooses rows.
    struct Filter: Sendable {
        let comparison: Comparison
        /// Index in `members`.
        let member: Int
    }

    /// Most rows of a page that others are read off.
    public static let maximumRows = ListPage.maximumRows
    /// Most parameters that choose rows: one place each in a question.
    public static let maximumFilters = 8

    let rows: [UInt8]
    let pagination: [UInt8]
    let paginationLimit: [UInt8]
    let paginationHasMore: [UInt8]
    let paginationNextCursor: [UInt8]
    /// What a row is read for, the id first.
    let members: [Member]
    // One bit for each length that a member's name has: most names of a row have another.
    private let memberLengths: UInt64
    let filters: [Filter]
    /// The name of the parameter of each filter.
    let filterNames: [[UInt8]]
    let limitName: [UInt8]
    let standardLimit: Int
    let cursorName: [UInt8]
    /// The parameter with which rows carry more; empty if there is none.
    let includesName: [UInt8]
    let order: RowOrder
    /// Index of the member at whose moment a row changes by itself.
    let expiryMember: Int
    /// Index of the member that says whether it still does.
    let stateMember: Int
    /// The states in which it does.
    let activeStates: [[UInt8]]

    private let rowActions: [[UInt8]]

    /// Checks a declaration: one limit, one cursor, at most one parameter that adds a member.
    public init(names: Names, parameters: [Parameter], order: RowOrder) throws(PageModelFailure) {
        var members = [Member(name: Array(names.id.utf8), kind: .text)]
        var filters: [Filter] = []
        var filterNames: [[UInt8]] = []
        var (limits, cursors, includes): ([Parameter], [Parameter], [Parameter]) = ([], [], [])
        for parameter in parameters {
            switch parameter.meaning {
            case .limit: limits.append(parameter)
            case .cursor: cursors.append(parameter)
            case .includes(let member):
                includes.append(parameter)
                members.append(try Self.member(member, .optional, beside: members))
            case .equals(let member):
                filters.append(try Self.filter(.equals, member, .text, &members))
                filterNames.append(Array(parameter.name.utf8))
            case .from(let member):
                filters.append(try Self.filter(.from, member, .instant, &members))
                filterNames.append(Array(parameter.name.utf8))
            case .to(let member):
                filters.append(try Self.filter(.to, member, .instant, &members))
                filterNames.append(Array(parameter.name.utf8))
            }
        }
        guard limits.count == 1, case .limit(let standard)? = limits.first?.meaning, let limit = limits.first
        else { throw .limitCount(limits.count) }
        guard cursors.count == 1, let cursor = cursors.first else { throw .cursorCount(cursors.count) }
        guard includes.count <= 1 else { throw .includesTwice }
        guard filters.count <= Self.maximumFilters else { throw .filterCount(filters.count) }
        let texts = [
            names.rows, names.pagination, names.limit, names.hasMore, names.nextCursor, names.expiry,
            names.state,
        ]
        if let name = (texts + members.map { String(decoding: $0.name, as: UTF8.self) }).first(where: {
            !Self.isPlain($0)
        }) {
            throw .nameInvalid(name)
        }
        stateMember = Self.index(of: names.state, .optionalText, &members)
        expiryMember = Self.index(of: names.expiry, .optionalInstant, &members)
        activeStates = names.activeStates.map { Array($0.utf8) }
        rowActions = names.rowActions.map { Array($0.utf8) }
        rows = Array(names.rows.utf8)
        pagination = Array(names.pagination.utf8)
        paginationLimit = Array(names.limit.utf8)
        paginationHasMore = Array(names.hasMore.utf8)
        paginationNextCursor = Array(names.nextCursor.utf8)
        self.members = members
        memberLengths = members.reduce(0) { $0 | 1 << UInt64(min($1.name.count, 63)) }
        self.filters = filters
        self.filterNames = filterNames
        limitName = Array(limit.name.utf8)
        standardLimit = standard
        cursorName = Array(cursor.name.utf8)
        includesName = Array((includes.first?.name ?? "").utf8)
        self.order = order
    }

    /// The index of the member with this name; `nil` for one that is not read.
    @inline(__always)
    func member(named name: ByteRange, in text: Span<UInt8>) -> Int? {
        let count = Int(name.count)
        guard memberLengths >> UInt64(min(count, 63)) & 1 == 1 else { return nil }
        let beginning = text.beginning(of: name)
        for index in members.indices where members[index].beginning == beginning {
            if members[index].name.count == count, text.extracting(name.range).equals(members[index].name) {
                return index
            }
        }
        return nil
    }

    /// Whether these are an id of a row.
    public func isID(_ text: Span<UInt8>) -> Bool { order.holds(text) }

    /// Whether an action on a row leaves it in the list.
    public func keepsRow(_ action: Span<UInt8>) -> Bool { rowActions.contains { action.equals($0) } }

    private static func filter(
        _ comparison: Comparison, _ member: String, _ kind: MemberKind, _ members: inout [Member]
    ) throws(PageModelFailure) -> Filter {
        let name = Array(member.utf8)
        let known = members.firstIndex { $0.name == name }
        if let known, members[known].kind != kind { throw .memberTwice(member) }
        let index = known ?? members.count
        if known == nil { members.append(Member(name: name, kind: kind)) }
        return Filter(comparison: comparison, member: index)
    }

    /// The index of a member that is read in any case, or else is added.
    private static func index(of name: String, _ kind: MemberKind, _ members: inout [Member]) -> Int {
        let name = Array(name.utf8)
        if let known = members.firstIndex(where: { $0.name == name }) { return known }
        members.append(Member(name: name, kind: kind))
        return members.count - 1
    }

    private static func member(
        _ name: String, _ kind: MemberKind, beside members: [Member]
    ) throws(PageModelFailure) -> Member {
        let member = Member(name: Array(name.utf8), kind: kind)
        guard !members.contains(where: { $0.name == member.name }) else { throw .memberTwice(name) }
        return member
    }

    /// Names are compared as they stand between quotes, so none may need an escape there.
    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }
}

/// Which ids are known to be ordered byte by byte.
///
/// A list is ordered by its database's collation. For texts of one length that begin alike and go on in
/// lower-case letters and digits, every collation in use agrees with the order of bytes; for no others is an
/// order claimed.
public struct RowOrder: Sendable {
    private let prefixes: [[UInt8]]
    /// Which bytes are characters of ids; empty for all lower-case letters and digits.
    private let characters: [Bool]
    private let length: Int

    /// Ids that begin with one of `prefixes` and go on for `length` characters of `alphabet`.
    public init(prefixes: [String], alphabet: String, length: Int) throws(PageModelFailure) {
        let isOrdered = alphabet.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
        guard !prefixes.isEmpty, !alphabet.isEmpty, isOrdered, length > 0 else { throw .orderUnknown }
        self.prefixes = prefixes.map { Array($0.utf8) }
        characters =
            Set(alphabet.utf8).count == 36
            ? [] : (0..<256).map { byte in alphabet.utf8.contains { Int($0) == byte } }
        self.length = length
    }

    /// Whether an id is one of these.
    func holds(_ id: Span<UInt8>) -> Bool {
        guard id.count >= length else { return false }
        let start = id.count - length
        guard id.extracting(droppingFirst: start).areLowercaseLettersAndDigits else { return false }
        if !characters.isEmpty {
            for index in start..<id.count where !characters[Int(id[index])] { return false }
        }
        let prefix = id.extracting(first: start)
        for known in prefixes where prefix.equals(known) { return true }
        return false
    }

    /// Whether two of these ids are ordered as their bytes are.
    func compares(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
        guard a.count == b.count, a.count >= length else { return false }
        let start = a.count - length
        return a.extracting(first: start).equals(b.extracting(first: start))
    }
}

/// Why a declaration is no page model: a mistake in a configuration.
public enum PageModelFailure: Error, Sendable, Hashable {
    /// Not exactly one parameter is the limit.
    case limitCount(Int)
    /// Not exactly one parameter is the cursor.
    case cursorCount(Int)
    /// Two parameters add members.
    case includesTwice
    /// More parameters choose rows than a question has places for.
    case filterCount(Int)
    /// Empty, or with characters that need an escape in JSON.
    case nameInvalid(String)
    /// One member is read in two ways.
    case memberTwice(String)
    /// The order of the ids is not known to be that of their bytes.
    case orderUnknown

    /// What is wrong and what is allowed.
    public var sentence: String {
        switch self {
        case .limitCount(let count): "\(count) parameters are the limit; allowed: one"
        case .cursorCount(let count): "\(count) parameters are cursors; allowed: one"
        case .includesTwice: "two flags add a member to rows; allowed: one"
        case .filterCount(let count):
            "\(count) parameters choose rows; allowed: up to \(PageModel.maximumFilters)"
        case .nameInvalid(let name):
            "\"\(name)\" is no member name; allowed: printable ASCII without quotes and backslashes"
        case .memberTwice(let name):
            "the member \"\(name)\" is read in two ways; allowed: one use, or from and to"
        case .orderUnknown:
            "ids of that alphabet are ordered by a database's collation; "
                + "allowed: cursors of lower-case letters and digits"
        }
    }
}

extension Span where Element == UInt8 {
    /// The first eight bytes of a run in one number, the first one lowest; zeros above those of a shorter
    /// one.
    @inline(__always)
    fileprivate func beginning(of run: ByteRange) -> UInt64 {
        let start = Int(run.start)
        guard start <= count - 8 else {
            var word: UInt64 = 0
            for (place, index) in run.range.prefix(8).enumerated() {
                word |= UInt64(self[index]) << UInt64(8 * place)
            }
            return word
        }
        let word = word(at: start)
        return run.count >= 8 ? word : word & ((1 << UInt64(8 * run.count)) - 1)
    }

    /// Whether all bytes are of `a` to `z` and `0` to `9`.
    fileprivate var areLowercaseLettersAndDigits: Bool {
        var index = 0
        while index <= count - 8 {
            guard word(at: index).areLowercaseLettersAndDigits else { return false }
            index += 8
        }
        while index < count {
            guard self[index] &- 0x30 < 10 || self[index] &- 0x61 < 26 else { return false }
            index += 1
        }
        return true
    }
}

extension UInt64 {
    /// The same of eight bytes. A sum has the highest bit of each byte set that is at least so much; it is
    /// right as long as no byte has it already, which is asked as well.
    @inline(__always)
    fileprivate var areLowercaseLettersAndDigits: Bool {
        let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        func atLeast(_ least: UInt64) -> UInt64 { self &+ ones &* (0x80 - least) }
        let digits = atLeast(0x30) & ~atLeast(0x3A)
        let letters = atLeast(0x61) & ~atLeast(0x7B)
        return (digits | letters) & ~self & highs == highs
    }
}
