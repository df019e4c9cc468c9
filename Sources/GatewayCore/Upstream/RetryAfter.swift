package import HTTPModel

/// What a `Retry-After` field asks for (RFC 9110 §10.2.3).
package enum RetryAfter {
    /// Seconds from now; `nil` if the head has no such field that can be read. A moment that has passed is
    /// zero.
    package static func seconds(in head: ResponseHead, nowUnixSeconds: Int64) -> UInt64? {
        guard let range = head.firstValue(of: .retryAfter) else { return nil }
        let value = head.bytes.span.extracting(range.range)
        if let date = HTTPDate(value) { return UInt64(max(0, date.unixSeconds - nowUnixSeconds)) }
        guard value.count > 0 else { return nil }
        var seconds: UInt64 = 0
        for index in 0..<value.count {
            let digit = value[index] &- 0x30
            guard digit < 10 else { return nil }
            // Whatever is longer than this is longer than anything we wait.
            seconds = min(seconds * 10 + UInt64(digit), 1 << 40)
        }
        return seconds
    }
}
