import HTTPModel

/// When memory that connections held is given back to the machine.
///
/// The C library keeps what is freed for the next who want it. That is right for a few connections, and
/// wrong after thousands have gone: their memory would be everybody's but the machine's, for ever. Giving it
/// back holds up whoever allocates meanwhile, so it is done once such a wave is over and not while it lasts.
struct MemoryReturn {
    /// How often the number of connections is looked at.
    static let glance = Duration.seconds(2)
    /// How many connections must have gone before it is worth the while; 14 MB over TLS.
    static let minimumGone: Int64 = 1_000

    /// The most connections there have been since memory was last given back.
    private var peak: Int64 = 0
    /// How many there were at the last look.
    private var previous: Int64 = 0

    /// Takes down how many connections there are; whether now is the time: at least half of the most, and a
    /// thousand, have gone, and no more went since the last look.
    mutating func shallGiveBack(connections: Int64) -> Bool {
        defer { previous = connections }
        peak = max(peak, connections)
        let gone = peak - connections
        guard gone >= Self.minimumGone, gone * 2 >= peak, connections >= previous else { return false }
        peak = connections
        return true
    }
}
