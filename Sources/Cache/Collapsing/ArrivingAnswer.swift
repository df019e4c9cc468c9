public import HTTPModel
import Locking

/// A large answer on its way into the cache, read meanwhile by all who asked for the very same.
///
/// Written by the worker whose request fetches it, read by those of all who follow. It holds what was
/// announced, or, where no length was, at most a window of the last bytes. As long as such an answer fits
/// into its window nothing of it is dropped; one that does not is said to outgrow it, and from then on each
/// byte that comes pushes out the oldest. Its flight is over then; those who have begun to read it go on.
public final class ArrivingAnswer: Sendable {
    /// What a reader finds behind the bytes it was lent.
    public enum State: Sendable, Hashable {
        /// More that has come already.
        case more
        /// Nothing yet; the reader is named when more has come.
        case arriving
        /// The end: all of it has come.
        case whole
        /// The rest will never come: the upstream broke off.
        case broken
        /// The rest will never come: nobody fetches it any more.
        case abandoned
        /// Not what it wants next: it is further behind than the window is long.
        case passed
    }

    private enum Ending { case whole, broken, abandoned }

    private struct Content {
        // A ring of as many bytes as may be held, which grows up to that; the byte at an offset stands at the
        // offset modulo its size.
        var bytes: [UInt8] = []
        var endOffset = 0
        var isOutgrown = false
        var ending: Ending?
        // Readers that have read all there is; bounded by those who have followed the fetch.
        var sleepers: Set<Waiter> = []

        var startOffset: Int { endOffset - bytes.count }

        mutating func append(_ new: Span<UInt8>, atMost maximum: Int) {
            let place = endOffset % maximum
            let count = min(new.count, maximum - place)
            put(new.extracting(0..<count), at: place, atMost: maximum)
            put(new.extracting(droppingFirst: count), at: 0, atMost: maximum)
            endOffset += new.count
        }

        /// Puts bytes where others stand, or behind all of them.
        private mutating func put(_ new: Span<UInt8>, at place: Int, atMost maximum: Int) {
            guard place == bytes.count else {
                for index in new.indices { bytes[place + index] = new[index] }
                return
            }
            if place + new.count > bytes.capacity {
                // Doubled by itself it could become twice what may be held.
                bytes.reserveCapacity(min(maximum, max(2 * bytes.capacity, place + new.count)))
            }
            bytes.append(new)
        }

        func lend(_ range: Range<Int>, of maximum: Int, to body: (Span<UInt8>) -> Void) {
            if range.isEmpty { return }
            let place = range.lowerBound % maximum
            let first = min(range.count, maximum - place)
            body(bytes.span.extracting(place..<(place + first)))
            if first < range.count { body(bytes.span.extracting(0..<(range.count - first))) }
        }

        mutating func takeSleepers() -> [Waiter] {
            defer { sleepers = [] }
            return Array(sleepers)
        }
    }

    /// Its head, without what is said of a whole answer alone.
    public let head: ResponseHead
    /// Bytes of content that the upstream has announced; `nil` if it has announced none.
    public let length: Int?
    /// Bytes that are held at most.
    public let windowBytes: Int
    private let partition: CachePartition
    private let content: Lock<Content>

    /// An answer of a known length, at least one byte, of which nothing has come but its head.
    public init(head: ResponseHead, length: Int, partition: CachePartition) {
        precondition(length > 0, "nothing is to arrive of an answer of \(length) bytes")
        self.head = head
        self.length = length
        windowBytes = length
        self.partition = partition
        var content = Content()
        content.bytes.reserveCapacity(length)
        self.content = Lock(content)
    }

    /// An answer of an unknown length, of which `collected` has come, no more than the window holds.
    public init(
        head: ResponseHead, collected: consuming [UInt8], windowBytes: Int, partition: CachePartition
    ) {
        self.head = head
        length = nil
        self.windowBytes = windowBytes
        self.partition = partition
        var content = Content()
        content.endOffset = collected.count
        content.bytes = collected
        precondition(
            content.endOffset <= windowBytes, "\(content.endOffset) bytes in a window of \(windowBytes)")
        self.content = Lock(content)
    }

    /// Whether it is for this part of the cache.
    public func belongs(to partition: CachePartition) -> Bool { self.partition === partition }

    /// Whether so many more bytes can come without any being dropped. Always where the length is known.
    public func hasRoom(for count: Int) -> Bool {
        length != nil || content.withLock { $0.endOffset + count <= windowBytes }
    }

    /// Bytes that have come, dropped ones included.
    public var receivedBytes: Int { content.withLock { $0.endOffset } }

    /// Whether more is expected, and its flight lasts.
    public var isUnderWay: Bool { content.withLock { !$0.isOutgrown && $0.ending == nil } }

    /// Takes the next bytes: no more than were announced, or fit into the window. Whom to tell.
    public func append(_ bytes: Span<UInt8>) -> Wakeup {
        let waiters = content.withLock { content in
            let most = content.isOutgrown ? windowBytes : windowBytes - content.endOffset
            precondition(bytes.count <= most, "\(bytes.count) bytes came where \(most) had room")
            content.append(bytes, atMost: windowBytes)
            return content.takeSleepers()
        }
        return Wakeup(waiters: waiters, news: .arriving(self))
    }

    /// It will not fit into its window. From now on the oldest bytes make room for new ones.
    public func outgrow() {
        precondition(length == nil, "an answer of a known length outgrows nothing")
        content.withLock { $0.isOutgrown = true }
    }

    /// All of it has come. Whom to tell.
    public func finish() -> Wakeup {
        if let length { precondition(receivedBytes == length, "\(receivedBytes) of \(length) bytes are all") }
        return end(.whole)
    }

    /// The upstream has broken off: the rest will never come. Whom to tell.
    public func breakOff() -> Wakeup { end(.broken) }

    /// Nobody fetches the rest. Whom to tell.
    public func abandon() -> Wakeup { end(.abandoned) }

    private func end(_ ending: Ending) -> Wakeup {
        let waiters = content.withLock { content in
            // The first is the one.
            content.ending = content.ending ?? ending
            return content.takeSleepers()
        }
        return Wakeup(waiters: waiters, news: .arriving(self))
    }

    /// All that has come, of which nothing may have been dropped.
    public var collected: [UInt8] {
        content.withLock { content in
            precondition(content.startOffset == 0, "\(content.startOffset) bytes were dropped")
            return content.bytes
        }
    }

    /// Lends what has come behind `offset`, at most so many bytes, in one piece or two; none if nothing has.
    /// Says what is behind that. If that is nothing yet, `reader` is named once more has come.
    public func read(
        from offset: Int, atMost maximum: Int, for reader: Waiter?, _ body: (Span<UInt8>) -> Void
    ) -> State {
        content.withLock { content in
            if offset < content.startOffset { return .passed }
            let end = min(content.endOffset, offset + maximum)
            content.lend(offset..<end, of: windowBytes, to: body)
            if end < content.endOffset { return .more }
            switch content.ending {
            case .whole: return .whole
            case .broken: return .broken
            case .abandoned: return .abandoned
            case nil: break
            }
            if let reader { content.sleepers.insert(reader) }
            return .arriving
        }
    }
}
