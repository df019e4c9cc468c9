/// How much of a request the gateway takes before it refuses.
package struct HTTP1Limits: Sendable, Hashable {
    /// Bytes of the request line, its line end not counted; more is 414.
    package var maximumRequestLineBytes = 8_192
    /// Bytes of the whole head from the first byte to the empty line; more is 431. At most 65 535, so that
    /// offsets stay small.
    package var maximumHeadBytes = 32_768
    /// Field lines of a head; more is 431.
    package var maximumFieldCount = 100
    /// Bytes of content after decoding; more is 413.
    package var maximumContentBytes: UInt64 = 10_485_760

    /// The defaults.
    package init() {}
}
