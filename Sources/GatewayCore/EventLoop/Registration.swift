package import HTTPModel

/// Who an event is for, packed into epoll's 64 bits: what kind of thing, which one, and which life of it.
///
/// A slot is used again as soon as its owner is gone, while events for the former owner may still wait in the
/// same batch. The generation tells them apart: an event of an earlier life is dropped
/// (`SlabTests.anIdentifierOfAnEarlierLifeFindsNothing`).
package struct Registration: Sendable, Hashable {
    /// What kind of thing is registered.
    package enum Kind: UInt8, Sendable {
        case listener, connection, upstream, wakeup, control
    }

    /// The packed form: kind in the top 8 bits, generation in the next 24, index in the low 32.
    package let token: UInt64

    /// Unpacks what epoll gave back.
    package init(token: UInt64) { self.token = token }

    /// Packs a registration; the generation's low 24 bits count.
    package init(_ kind: Kind, index: Int, generation: UInt32 = 0) {
        token = UInt64(kind.rawValue) << 56 | UInt64(generation & 0xFF_FFFF) << 32 | UInt64(UInt32(index))
    }

    /// The kind. Traps on a token we never made.
    package var kind: Kind {
        guard let kind = Kind(rawValue: UInt8(token >> 56)) else {
            preconditionFailure("event with an unknown token \(token)")
        }
        return kind
    }

    /// The slot.
    package var index: Int { Int(token & 0xFFFF_FFFF) }

    /// The life of the slot.
    package var generation: UInt32 { UInt32(token >> 32 & 0xFF_FFFF) }
}

/// Objects by small index, each life of an index with its own generation. Confined to one thread.
package struct Slab<Element: AnyObject> {
    private var elements: [Element?] = []
    private var generations: [UInt32] = []
    private var free: [Int] = []
    /// Number of elements held.
    package private(set) var count = 0

    /// An empty slab.
    package init() {}

    /// Puts in what `make` builds for its identity (index and generation).
    @discardableResult
    package mutating func insert(_ make: (_ index: Int, _ generation: UInt32) -> Element) -> Element {
        if let index = free.popLast() {
            let element = make(index, generations[index])
            elements[index] = element
            count += 1
            return element
        }
        let element = make(elements.count, 0)
        elements.append(element)
        generations.append(0)
        count += 1
        return element
    }

    /// The element with this identity; `nil` once it was removed, even if the index is in use again.
    package func find(index: Int, generation: UInt32) -> Element? {
        guard index < elements.count, generations[index] == generation else { return nil }
        return elements[index]
    }

    /// The same for whoever only looks: it is held here until it is removed.
    @inline(__always)
    package func borrow(index: Int, generation: UInt32) -> Borrowed<Element>? {
        guard index < elements.count, generations[index] == generation, let element = elements[index] else {
            return nil
        }
        return Borrowed(element)
    }

    /// Takes out an element, which must be there.
    package mutating func remove(index: Int, generation: UInt32) {
        precondition(
            find(index: index, generation: generation) != nil, "slot \(index) life \(generation) is not held")
        elements[index] = nil
        generations[index] = (generations[index] &+ 1) & 0xFF_FFFF
        free.append(index)
        count -= 1
    }

    /// All elements held, for rare work on everything. Allocates.
    package var all: [Element] { elements.compactMap { $0 } }
}
