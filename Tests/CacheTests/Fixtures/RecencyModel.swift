/// Least recently used over equal sizes, for comparison.
struct RecencyModel {
    let capacity: Int
    private var lastUse: [String: Int] = [:]
    private var order: [(use: Int, query: String)] = []
    private var oldest = 0
    private var uses = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    mutating func ask(_ query: String) -> Bool {
        uses += 1
        let isHit = lastUse[query] != nil
        lastUse[query] = uses
        order.append((uses, query))
        while lastUse.count > capacity {
            let candidate = order[oldest]
            oldest += 1
            if lastUse[candidate.query] == candidate.use { lastUse[candidate.query] = nil }
        }
        return isHit
    }
}
