import Glibc
import Synchronization

/// A fixed number of 64-bit words that threads share, each one atomic.
///
/// The ground under every table of counters that workers share: all words begin at zero, large tables cost
/// memory only where they are written (the pages come zeroed from the kernel on first touch), and a word is
/// reached without a reference count. Any thread may call everything here; an index outside the table traps.
/// Owned by one object, freed with it.
@safe
package struct AtomicWords: ~Copyable, Sendable {
    /// Number of words.
    package let count: Int
    // Allocated in `init`, freed in `deinit`, never handed out; what it points to is atomic, so sharing is
    // safe.
    private nonisolated(unsafe) let words: UnsafeMutablePointer<Atomic<UInt64>>
    // Whether the memory is a file's.
    private let isMapped: Bool

    /// The top bit of a word that is used with `lock`: set while a thread holds the word.
    package static let lockBit: UInt64 = 1 << 63
    /// How often a waiter looks before it gives its processor away: the holder's few lines take far less,
    /// unless the kernel took its processor.
    private static let looksBeforeYielding = 64

    /// `count` words, all zero; at least one.
    package init(count: Int) {
        precondition(count > 0, "a table of \(count) words")
        guard let memory = unsafe calloc(count, MemoryLayout<UInt64>.stride) else {
            preconditionFailure("no memory for \(count) words")
        }
        // Atomic<UInt64> is laid out as a UInt64, and zero bytes are the number zero: nothing to initialize.
        unsafe words = memory.assumingMemoryBound(to: Atomic<UInt64>.self)
        self.count = count
        isMapped = false
    }

    /// The first `count` words of a file, which must be that long: what is written is the file's content at
    /// once, whatever becomes of the process. A file that somebody makes shorter meanwhile ends the process
    /// with SIGBUS.
    package init(mapping file: borrowing FileDescriptor, count: Int) throws(SystemFailure) {
        precondition(count > 0, "a table of \(count) words")
        let memory = unsafe mmap(
            nil, count * MemoryLayout<UInt64>.stride, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { throw SystemFailure("mmap") }
        // Pages are aligned for any word, and any content is a number.
        unsafe words = memory.assumingMemoryBound(to: Atomic<UInt64>.self)
        self.count = count
        isMapped = true
    }

    deinit {
        if isMapped {
            unsafe munmap(words, count * MemoryLayout<UInt64>.stride)
        } else {
            unsafe free(words)
        }
    }

    /// The word, with nothing said about the order of other memory: for counters.
    @inline(__always)
    package borrowing func load(_ index: Int) -> UInt64 {
        precondition(index >= 0 && index < count, "word \(index) of \(count)")
        return unsafe words[index].load(ordering: .relaxed)
    }

    /// The word, and with it everything its writer wrote before `publish`.
    @inline(__always)
    package borrowing func loadPublished(_ index: Int) -> UInt64 {
        precondition(index >= 0 && index < count, "word \(index) of \(count)")
        return unsafe words[index].load(ordering: .acquiring)
    }

    /// Replaces the word, with nothing said about the order of other memory.
    @inline(__always)
    package borrowing func store(_ index: Int, _ value: UInt64) {
        precondition(index >= 0 && index < count, "word \(index) of \(count)")
        unsafe words[index].store(value, ordering: .relaxed)
    }

    /// Replaces the word and publishes everything written before.
    @inline(__always)
    package borrowing func publish(_ index: Int, _ value: UInt64) {
        precondition(index >= 0 && index < count, "word \(index) of \(count)")
        unsafe words[index].store(value, ordering: .releasing)
    }

    /// Adds to a word that only the calling thread writes: a load and a store, no locked instruction. Wraps
    /// around, so that adding the two's complement subtracts.
    @inline(__always)
    package borrowing func addAsOnlyWriter(_ index: Int, _ amount: UInt64) {
        store(index, load(index) &+ amount)
    }

    /// Adds to a word that several threads write.
    @inline(__always)
    package borrowing func add(_ index: Int, _ amount: UInt64) {
        precondition(index >= 0 && index < count, "word \(index) of \(count)")
        unsafe words[index].wrappingAdd(amount, ordering: .relaxed)
    }

    /// Adds to a word that several threads write, and gives back what it was.
    @inline(__always)
    package borrowing func fetchAdd(_ index: Int, _ amount: UInt64) -> UInt64 {
        precondition(index >= 0 && index < count, "word \(index) of \(count)")
        return unsafe words[index].wrappingAdd(amount, ordering: .relaxed).oldValue
    }

    /// Takes the lock bit of a word and gives back its other 63 bits; waits while another thread has it.
    ///
    /// For critical sections of a few lines that cannot block. Whoever takes several words takes them in
    /// ascending order, or two threads could wait for each other for ever.
    package borrowing func lock(_ index: Int) -> UInt64 {
        var looks = 0
        while true {
            if let value = tryLock(index) { return value }
            looks += 1
            if looks.isMultiple(of: Self.looksBeforeYielding) { sched_yield() }
        }
    }

    /// Takes the lock bit if it is free; `nil` if it is not, or if the word changed meanwhile.
    @inline(__always)
    package borrowing func tryLock(_ index: Int) -> UInt64? {
        let value = load(index)
        guard value & Self.lockBit == 0 else { return nil }
        let (taken, _) = unsafe words[index].compareExchange(
            expected: value, desired: value | Self.lockBit, successOrdering: .acquiring,
            failureOrdering: .relaxed)
        return taken ? value : nil
    }

    /// Gives the lock bit back and leaves `value` in the word, together with everything written before.
    @inline(__always)
    package borrowing func unlock(_ index: Int, leaving value: UInt64) {
        assert(load(index) & Self.lockBit != 0, "word \(index) is not locked")
        precondition(value & Self.lockBit == 0, "word \(index) would stay locked")
        publish(index, value)
    }
}
