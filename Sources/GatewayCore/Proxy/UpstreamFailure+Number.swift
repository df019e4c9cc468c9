extension UpstreamFailure {
    /// The failures that followers of a failed fetch can be told of, by their number.
    private static let numbered: [UpstreamFailure] =
        [
            .nameNotResolved, .connectRefused, .unreachable, .connectTimeout, .tlsCertificate, .tlsProtocol,
            .firstByteTimeout, .totalTimeout, .connectionClosed, .responseIncomplete, .headTooLarge,
            .upgradeNotAsked, .uploadAborted, .tooManyWaiting,
        ] + ResponseDefect.allCases.map { .responseInvalid($0) }

    /// The number by which the collapser carries the failure to followers; it knows nothing of upstreams.
    var number: UInt16 {
        if case .circuitOpen(let seconds) = self {
            return Self.circuitBit | min(seconds, Self.circuitBit - 2)
        }
        guard let index = Self.numbered.firstIndex(of: self) else { return .max }
        return UInt16(index)
    }

    /// Set in the numbers of open circuits; the rest of them is the seconds.
    private static let circuitBit: UInt16 = 0x8000

    /// The failure with this number; a failure of the library, whose code is of no use to others, has none.
    init(number: UInt16) {
        if number != .max, number & Self.circuitBit != 0 {
            self = .circuitOpen(retryAfterSeconds: number & ~Self.circuitBit)
            return
        }
        self = Int(number) < Self.numbered.count ? Self.numbered[Int(number)] : .library(0)
    }
}
