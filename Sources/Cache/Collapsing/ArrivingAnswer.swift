public import HTTPModel
import Locking

/// A large answer on its way into the cache, read meanwhile by all who asked for the very same.
///
/// Written by the worker whose request fetches it, read by those of all who follow. As many bytes as were
/// announced, never more; that bounds it.
public final class ArrivingAnswer: Sendable {
    /// How far it has come.
    public enum State: Sendable, Hashable {
        /// More is expected.
        case arriving
        /// All of it has come.
        case whole
        /// The rest will never come.
        case broken
    }

    private struct Content {
        var bytes: [UInt8] = []
        var isBroken = false
    }

    /// Its head, without what is said of a whole answer alone.
    public let head: ResponseHead
    /// Bytes of content that the upstream has announced.
    public let byteCount: Int
    private let partition: CachePartition
    private let content: Lock<Content>

    /// An answer of which nothing has come but its head.
    public init(head: ResponseHead, byteCount: Int, partition: CachePartition) {
        self.head = head
        self.byteCount = byteCount
        self.partition = partition
        var content = Content()
        content.bytes.reserveCapacity(byteCount)
        self.content = Lock(content)
    }

    /// Whether it is for this part of the cache.
    public func belongs(to partition: CachePartition) -> Bool { self.partition === partition }

    /// Takes the next bytes, of which there are no more than are missing.
    public func append(_ bytes: Span<UInt8>) {
        content.withLock { content in
            precondition(content.bytes.count + bytes.count <= byteCount, "more has come than was announced")
            content.bytes.append(bytes)
        }
    }

    /// The rest will never come.
    public func breakOff() { content.withLock { $0.isBroken = true } }

    /// All that has come.
    public var collected: [UInt8] { content.withLock { $0.bytes } }

    /// Lends what has come behind `offset`, at most so many bytes; empty if nothing has. Says how far the
    /// answer has come.
    public func read(from offset: Int, atMost maximum: Int, _ body: (Span<UInt8>) -> Void) -> State {
        content.withLock { content in
            let end = min(content.bytes.count, offset + maximum)
            if offset < end { body(content.bytes.span.extracting(offset..<end)) }
            if content.bytes.count == byteCount { return .whole }
            return content.isBroken ? .broken : .arriving
        }
    }
}
