import HTTPModel

/// Knows which node expires next: a binary heap by instant, with the place of every node, so that a node
/// leaves in logarithmic time wherever it stands.
struct ExpiryIndex {
    private struct Item {
        let instant: MonotonicInstant
        let node: UInt32
    }

    private var heap: [Item] = []
    private var places: [UInt32] = []

    /// Bytes a node takes here: its item and its place.
    static let nodeBytes = MemoryLayout<Item>.stride + MemoryLayout<UInt32>.stride

    /// Number of nodes held.
    var count: Int { heap.count }

    /// Makes room for nodes numbered below `nodeCount`.
    mutating func reserve(_ nodeCount: Int) {
        heap.reserveCapacity(nodeCount)
        places.reserveCapacity(nodeCount)
    }

    /// The next node to expire, if it has by `now`.
    func firstExpired(by now: MonotonicInstant) -> UInt32? {
        guard let first = heap.first, first.instant <= now else { return nil }
        return first.node
    }

    /// Takes in a node that is not there. Node numbers are dense, so places are an array.
    mutating func insert(_ node: UInt32, at instant: MonotonicInstant) {
        while places.count <= Int(node) { places.append(.max) }
        heap.append(Item(instant: instant, node: node))
        places[Int(node)] = UInt32(heap.count - 1)
        rise(heap.count - 1)
    }

    /// Takes out a node that is there.
    mutating func remove(_ node: UInt32) {
        let place = Int(places[Int(node)])
        precondition(place < heap.count && heap[place].node == node, "node \(node) is not in the heap")
        places[Int(node)] = .max
        let last = heap.removeLast()
        guard place < heap.count else { return }
        heap[place] = last
        places[Int(last.node)] = UInt32(place)
        rise(place)
        sink(Int(places[Int(last.node)]))
    }

    /// Checks order and places; linear.
    func checkInvariants() {
        for index in heap.indices {
            precondition(index == 0 || heap[(index - 1) / 2].instant <= heap[index].instant, "heap order")
            precondition(places[Int(heap[index].node)] == UInt32(index), "place of node \(heap[index].node)")
        }
    }

    private mutating func rise(_ start: Int) {
        var index = start
        while index > 0, heap[index].instant < heap[(index - 1) / 2].instant {
            swap(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in (2 * index + 1)...(2 * index + 2) where child < heap.count {
                if heap[child].instant < heap[least].instant { least = child }
            }
            if least == index { return }
            swap(index, least)
            index = least
        }
    }

    private mutating func swap(_ a: Int, _ b: Int) {
        heap.swapAt(a, b)
        places[Int(heap[a].node)] = UInt32(a)
        places[Int(heap[b].node)] = UInt32(b)
    }
}
