package import HTTPModel

/// Stage 14: counts an exchange and writes its line. One per worker.
package final class ExchangeRecorder {
    /// The wall clock at the begin of the turn, in seconds since 1970.
    package var nowUnixSeconds: Int64 = 0

    func limitExceeded(_ tenant: TenantContext?, limit: String) {}
    func write(_ record: borrowing ExchangeRecord, identifier: Span<UInt8>) {}
}
