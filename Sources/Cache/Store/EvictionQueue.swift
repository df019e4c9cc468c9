/// The order in which entries leave for room: S3-FIFO (Yang and others, 2023), over all entries and over
/// those of each partition at once.
///
/// New entries enter a small queue of a tenth of the memory; only those hit more than once there, or coming
/// back soon after they left it, reach the main queue. A scan flows through the small queue and never touches
/// the main one. Every node stands in two lists, the common one and that of its partition, in the same order,
/// so that the same rule picks the next victim of either. Part of the admission state; hits never come here.
struct EvictionQueue {
    /// Which of the two queues a node stands in.
    enum Stage: UInt8 {
        case small, main
    }

    private struct Links {
        var previous = EvictionQueue.none
        var next = EvictionQueue.none
    }

    /// Which of the two lists a link belongs to: that of all entries, or that of the partition.
    private enum Chain {
        case common, own
    }

    private struct Node {
        var entry: CacheEntry?
        var common = Links()
        var own = Links()
        var account: UInt32 = 0
        var stage = Stage.small

        subscript(chain: Chain) -> Links {
            get { chain == .common ? common : own }
            set {
                switch chain {
                case .common: common = newValue
                case .own: own = newValue
                }
            }
        }
    }

    /// A list of nodes, oldest at the head, with the sum of their bytes.
    private struct List {
        var head = EvictionQueue.none
        var tail = EvictionQueue.none
        var bytes = 0
    }

    /// The two queues of all entries or of one partition.
    private struct Lists {
        var small = List()
        var main = List()

        subscript(stage: Stage) -> List {
            get { stage == .small ? small : main }
            set {
                switch stage {
                case .small: small = newValue
                case .main: main = newValue
                }
            }
        }

        var bytes: Int { small.bytes + main.bytes }
    }

    private struct Account {
        let partition: UInt64
        var lists = Lists()
        var count = 0
    }

    private static let none = UInt32.max
    /// How many nodes may be passed over in search of one victim; then the oldest goes, hit or not. Bounds
    /// the time under the admission lock when everything was hit.
    private static let maximumSecondChances = 64

    private let shareBytes: Int
    private var nodes: [Node] = []
    private var freeNodes: [UInt32] = []
    private var common = Lists()
    private var accounts: [Account] = []
    private var freeAccounts: [UInt32] = []
    private var accountOfPartition: [UInt64: UInt32] = [:]
    // Accounts above their share: at most 100 / percent of them.
    private var overShare: [UInt32] = []
    private(set) var nodeCapacity = 0

    /// Queues in which one partition may keep `shareBytes` while others need room.
    init(shareBytes: Int) {
        self.shareBytes = shareBytes
    }

    /// Number of entries.
    private(set) var count = 0
    /// Sum of the entries' accounted bytes.
    var bytes: Int { common.bytes }
    /// Bytes a node takes here, its place in the list of free ones included.
    static let nodeBytes = MemoryLayout<Node>.stride + MemoryLayout<UInt32>.stride
    /// Number of partitions that hold something.
    var accountCount: Int { accountOfPartition.count }

    /// How many node places will be added if one more entry goes in.
    var growthNodes: Int { count < nodeCapacity ? 0 : max(64, nodeCapacity) }

    /// Adds node places; the caller has made room for them.
    mutating func grow(by additional: Int) {
        nodeCapacity += additional
        nodes.reserveCapacity(nodeCapacity)
        freeNodes.reserveCapacity(nodeCapacity)
    }

    /// The entry of a node in use.
    func entry(of node: UInt32) -> CacheEntry {
        guard let entry = nodes[Int(node)].entry else { preconditionFailure("node \(node) is free") }
        return entry
    }

    /// Puts an entry at the young end of a queue and returns its node.
    mutating func insert(_ entry: CacheEntry, stage: Stage) -> UInt32 {
        precondition(count < nodeCapacity, "no node is free")
        let account = account(of: entry.partition.id)
        let node: UInt32
        if let free = freeNodes.popLast() {
            node = free
        } else {
            node = UInt32(nodes.count)
            nodes.append(Node())
        }
        nodes[Int(node)] = Node(entry: entry, account: account, stage: stage)
        append(node)
        count += 1
        accounts[Int(account)].count += 1
        noteShare(of: account)
        return node
    }

    /// Takes down that a node's entry has grown by so many bytes.
    mutating func charge(_ node: UInt32, _ bytes: Int) {
        let (stage, account) = (nodes[Int(node)].stage, nodes[Int(node)].account)
        common[stage].bytes += bytes
        accounts[Int(account)].lists[stage].bytes += bytes
        noteShare(of: account)
    }

    /// Takes a node out and returns its entry.
    mutating func remove(_ node: UInt32) -> CacheEntry {
        let entry = entry(of: node)
        unlink(node)
        let account = nodes[Int(node)].account
        nodes[Int(node)] = Node()
        freeNodes.append(node)
        count -= 1
        accounts[Int(account)].count -= 1
        noteShare(of: account)
        if accounts[Int(account)].count == 0 {
            accountOfPartition[entry.partition.id] = nil
            freeAccounts.append(account)
        }
        return entry
    }

    /// The node to evict next, `nil` when there is none. Moves nodes that earned a second chance on the way:
    /// those of a partition above its share come first, then all.
    mutating func nextVictim() -> UInt32? {
        let account = overShare.first
        for _ in 0..<Self.maximumSecondChances {
            guard let node = oldest(of: account) else { return nil }
            let entry = entry(of: node)
            // What was invalidated is of no use to anybody, however often it was hit.
            if entry.isInvalidated { return node }
            switch nodes[Int(node)].stage {
            case .small:
                if entry.hitCount < 2 { return node }
                move(node, to: .main, hitCount: 0)
            case .main:
                if entry.hitCount == 0 { return node }
                move(node, to: .main, hitCount: entry.hitCount - 1)
            }
        }
        return oldest(of: account)
    }

    /// Whether a node leaves from the small queue: then its hash is worth remembering.
    func isSmall(_ node: UInt32) -> Bool { nodes[Int(node)].stage == .small }

    /// The oldest of the queue whose turn it is: the small one when it has its tenth or is all there is.
    private func oldest(of account: UInt32?) -> UInt32? {
        let lists = account.map { accounts[Int($0)].lists } ?? common
        let isSmallFull = lists.small.bytes * 10 >= lists.bytes
        let node = isSmallFull && lists.small.head != Self.none ? lists.small.head : lists.main.head
        if node != Self.none { return node }
        return lists.small.head == Self.none ? nil : lists.small.head
    }

    private mutating func move(_ node: UInt32, to stage: Stage, hitCount: UInt8) {
        unlink(node)
        nodes[Int(node)].stage = stage
        append(node)
        entry(of: node).setHitCount(hitCount)
    }

    private mutating func account(of partition: UInt64) -> UInt32 {
        if let known = accountOfPartition[partition] { return known }
        let account: UInt32
        if let free = freeAccounts.popLast() {
            account = free
            accounts[Int(free)] = Account(partition: partition)
        } else {
            account = UInt32(accounts.count)
            accounts.append(Account(partition: partition))
        }
        accountOfPartition[partition] = account
        return account
    }

    /// Keeps the list of partitions above their share.
    private mutating func noteShare(of account: UInt32) {
        let isOver = accounts[Int(account)].lists.bytes > shareBytes
        let place = overShare.firstIndex(of: account)
        if isOver, place == nil { overShare.append(account) }
        if !isOver, let place { overShare.remove(at: place) }
    }

    private mutating func append(_ node: UInt32) {
        let (stage, account) = (nodes[Int(node)].stage, Int(nodes[Int(node)].account))
        Self.append(node, to: &common[stage], .common, in: &nodes)
        Self.append(node, to: &accounts[account].lists[stage], .own, in: &nodes)
    }

    private mutating func unlink(_ node: UInt32) {
        let (stage, account) = (nodes[Int(node)].stage, Int(nodes[Int(node)].account))
        Self.unlink(node, from: &common[stage], .common, in: &nodes)
        Self.unlink(node, from: &accounts[account].lists[stage], .own, in: &nodes)
    }

    private static func append(_ node: UInt32, to list: inout List, _ chain: Chain, in nodes: inout [Node]) {
        nodes[Int(node)][chain] = Links(previous: list.tail, next: none)
        if list.tail == none {
            list.head = node
        } else {
            nodes[Int(list.tail)][chain].next = node
        }
        list.tail = node
        list.bytes += nodes[Int(node)].entry?.accountedBytes ?? 0
    }

    private static func unlink(_ node: UInt32, from list: inout List, _ chain: Chain, in nodes: inout [Node])
    {
        let links = nodes[Int(node)][chain]
        if links.previous == none {
            list.head = links.next
        } else {
            nodes[Int(links.previous)][chain].next = links.next
        }
        if links.next == none {
            list.tail = links.previous
        } else {
            nodes[Int(links.next)][chain].previous = links.previous
        }
        list.bytes -= nodes[Int(node)].entry?.accountedBytes ?? 0
    }

    /// Checks that the lists hold every node once, that sums are right, and who is above the share; linear.
    func checkInvariants() {
        let all = check(common, .common)
        precondition(all == count, "\(all) nodes listed, \(count) counted")
        var (owned, bytes) = (0, 0)
        for (partition, account) in accountOfPartition {
            let own = accounts[Int(account)]
            let listed = check(own.lists, .own)
            precondition(own.partition == partition && listed == own.count && listed > 0, "account")
            precondition(overShare.contains(account) == (own.lists.bytes > shareBytes), "over share")
            owned += listed
            bytes += own.lists.bytes
        }
        precondition(owned == count && bytes == self.bytes, "\(owned) nodes of \(bytes) bytes owned")
        precondition(nodes.count - freeNodes.count == count && count <= nodeCapacity, "free nodes")
    }

    private func check(_ lists: Lists, _ chain: Chain) -> Int {
        var count = 0
        for stage in [Stage.small, .main] {
            var (node, bytes) = (lists[stage].head, 0)
            while node != Self.none {
                precondition(nodes[Int(node)].stage == stage, "node \(node) stands in the wrong queue")
                bytes += entry(of: node).accountedBytes
                count += 1
                if nodes[Int(node)][chain].next == Self.none {
                    precondition(lists[stage].tail == node, "tail")
                }
                node = nodes[Int(node)][chain].next
            }
            precondition(bytes == lists[stage].bytes, "\(bytes) bytes listed, \(lists[stage].bytes) summed")
        }
        return count
    }
}
