import HTTPModel

/// What transfers and their owners leave behind for the client to look at: they record, the client looks.
///
/// Shared by the client and its transfers, confined to one worker.
final class ProgressList {
    /// The time of the current turn of the loop.
    var now = MonotonicInstant(nanoseconds: 0)
    /// No transfer has an earlier deadline; may be too early after one has ended, never too late.
    var earliestDeadline: MonotonicInstant?
    // Memory that answers were received into, for the next ones: those in front are in use.
    private var spare = InlineArray<16, ByteBuffer> { _ in ByteBuffer() }
    private var spareCount = 0
    private var withNews: [Transfer] = []
    private var needingAttention: [Transfer] = []

    /// Notes that the owner of a transfer should look at it.
    func noteNews(of transfer: Transfer) { withNews.append(transfer) }

    /// Whether a transfer has news.
    var hasNews: Bool { !withNews.isEmpty }

    /// The next transfer with news, or `nil`. In no promised order.
    func takeNews() -> Transfer? { withNews.popLast() }

    /// Notes that a transfer must be gone on with, or ended.
    func noteAttention(to transfer: Transfer) { needingAttention.append(transfer) }

    /// The next transfer to go on with or to end, or `nil`.
    func takeAttention() -> Transfer? { needingAttention.popLast() }

    /// Whether there is one.
    var isAttentionNeeded: Bool { !needingAttention.isEmpty }

    /// Forgets every transfer; they know this list, and it would keep them and itself alive.
    func removeAll() {
        withNews.removeAll()
        needingAttention.removeAll()
    }

    /// The most that is kept of one answer's memory: what large ones took goes back.
    private static let maximumSpareBytes = 16_384

    /// Lends memory to a buffer that has none, if there is any.
    func lend(to buffer: inout ByteBuffer) {
        guard spareCount > 0, buffer.capacity == 0 else { return }
        spareCount -= 1
        swap(&spare[spareCount], &buffer)
    }

    /// Takes the memory of a buffer back that nobody needs any more.
    func giveBack(_ buffer: inout ByteBuffer) {
        guard spareCount < spare.count, (1...Self.maximumSpareBytes).contains(buffer.capacity) else { return }
        buffer.removeAll()
        swap(&spare[spareCount], &buffer)
        spareCount += 1
    }

    /// Notes a deadline.
    func note(_ deadline: MonotonicInstant) {
        if let earliest = earliestDeadline, earliest <= deadline { return }
        earliestDeadline = deadline
    }
}
