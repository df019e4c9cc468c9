/// Whether a connection may carry another exchange after this one.
package enum Persistence: Sendable, Hashable {
    case keep, close
}

/// What became of a request when its head was handed to the application.
package enum Handling {
    /// The answer is whole in the output.
    case answered(Persistence)
    /// The answer comes with time: ask `produce` for it, and hand over the request's content.
    case pending(PendingAnswer)
}

/// What asking for more of an answer came to.
package enum Production: Sendable, Hashable {
    /// Nothing to send now; the connection is told when there is.
    case waiting
    /// The output holds as much as should be sent at once; there is more.
    case more
    /// The answer is whole.
    case finished(Persistence)
    /// The answer has begun and cannot be completed: the client must see that it broke off.
    case broken
}
