/// Remembers the hashes of entries that left the small queue unused, so that one that comes back soon is
/// known.
///
/// A direct-mapped table of fixed size instead of an exact queue: a newer hash may push out an older one
/// early, which costs one entry its short cut into the main queue and nothing else.
struct GhostTable {
    private struct Ghost {
        var hash: UInt64 = 0
        var sequence: UInt64 = 0
    }

    private var ghosts: [Ghost]
    private var sequence: UInt64 = 0

    /// A table for a cache of so many bytes: one place for every 8 KiB, 64–65,536 places.
    init(memoryBytes: Int) {
        var count = 64
        while count < 65_536, count * 8_192 < memoryBytes { count *= 2 }
        ghosts = Array(repeating: Ghost(), count: count)
    }

    /// Memory of the table, in bytes.
    var tableBytes: Int { ghosts.count * MemoryLayout<Ghost>.stride }

    /// Remembers a hash; it fades once as many others came after it as the table has places.
    mutating func remember(_ hash: UInt64) {
        sequence += 1
        ghosts[place(hash)] = Ghost(hash: hash, sequence: sequence)
    }

    /// Whether the hash is remembered; it is forgotten with the question.
    mutating func recall(_ hash: UInt64) -> Bool {
        let index = place(hash)
        let ghost = ghosts[index]
        guard ghost.sequence > 0, ghost.hash == hash else { return false }
        ghosts[index] = Ghost()
        return sequence - ghost.sequence < UInt64(ghosts.count)
    }

    private func place(_ hash: UInt64) -> Int {
        // The low bits choose the slot in a shard, the top six the shard: these are neither.
        Int(truncatingIfNeeded: hash >> 24) & (ghosts.count - 1)
    }
}
