package import HTTPModel

/// How many tokens that are not good an address may show: one bucket for each IPv4 address and each IPv6
/// network of 64 bits, shared by all workers.
///
/// Only failures take from a bucket, so a good token needs none and is never held up; docs/decisions/0012
/// tells why that keeps the promise "before any hash is computed". The table is direct-mapped: two addresses
/// may meet in one bucket, and then they share it, which refuses some failures early and nothing else. So it
/// needs no eviction, cannot be filled, and never grants an extra attempt. Half a mebibyte at most; a take
/// costs a keyed hash and one locked word.
package final class FailedTokenLimit: Sendable {
    private let fullAt = AtomicWords(count: 1 << bits)
    private let hashKey: SipHash.Key
    private let intervalNanoseconds: UInt64
    private let capacityNanoseconds: UInt64
    private static let bits = 16

    /// Buckets that grow back as the configuration says. The key is random, so that nobody can choose an
    /// address that shares another's bucket.
    package init(_ configuration: FailedTokenConfiguration, hashKey: SipHash.Key) {
        self.hashKey = hashKey
        let attempts = UInt64(configuration.attempts)
        // Rounded up: never more than asked for.
        intervalNanoseconds = (UInt64(configuration.period.nanoseconds) - 1) / attempts + 1
        capacityNanoseconds = intervalNanoseconds * attempts
    }

    /// Takes an attempt from an address; `nil` if there was one. Else, in how many seconds there is one
    /// again, rounded up; nothing is taken then.
    package func take(_ address: IPAddress, now: MonotonicInstant) -> UInt64? {
        let bucket = bucket(of: address)
        let now = now.nanoseconds
        let before = fullAt.lock(bucket)
        // The full time of the generic cell rate algorithm: an attempt moves it on by one interval.
        let after = max(before, now) + intervalNanoseconds
        let latest = now + capacityNanoseconds
        guard after <= latest else {
            fullAt.unlock(bucket, leaving: before)
            return (after - latest - 1) / 1_000_000_000 + 1
        }
        fullAt.unlock(bucket, leaving: after)
        return nil
    }

    private func bucket(of address: IPAddress) -> Int {
        var hash = SipHash(key: hashKey)
        // Whoever has one IPv6 address has its whole /64.
        hash.absorb(address.isIPv4 ? address.low : address.high, rounds: 1)
        return Int(hash.finish(rounds: 3) >> UInt64(64 - Self.bits))
    }
}
