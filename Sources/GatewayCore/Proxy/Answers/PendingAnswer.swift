import HTTPModel

/// An answer that takes time, as its connection sees it: where content of the request goes, and where bytes
/// of the answer come from. Confined to the connection's worker.
package class PendingAnswer {
    /// For subclasses.
    init() {}

    /// Whether bytes of the answer have been handed to the connection.
    package var answerHasBegun: Bool { false }

    /// How much content of the request may be handed over now, in bytes; zero when whoever takes it is
    /// behind.
    package var contentRoomBytes: Int { .max }

    /// Hands over content of the request, no more than there is room for.
    package func offer(content: Span<UInt8>) {}

    /// All content of the request has been handed over.
    package func finishContent() {}

    /// Appends what there is of the answer. After `finished` or `broken` the answer is over.
    package func produce(into output: inout ByteBuffer) -> Production { .broken }

    /// The client has gone, or its connection cannot carry the answer; the answer is over.
    package func abandon() {}
}
