import Locking
import Synchronization

@testable import GatewayCore

/// Something that happened once, seen from another thread.
final class Mark: Sendable {
    private let flag = Atomic<Bool>(false)

    func set() { flag.store(true, ordering: .releasing) }
    var isSet: Bool { flag.load(ordering: .acquiring) }
}

/// Bytes that another thread has received.
final class Received: Sendable {
    private let value = Lock<[UInt8]?>(nil)

    func set(_ bytes: [UInt8]) { value.withLock { $0 = bytes } }
    var isSet: Bool { value.withLock { $0 != nil } }
    var bytes: [UInt8] { value.withLock { $0 ?? [] } }
}

/// How far another thread has come.
final class Progress: Sendable {
    private let count = Atomic<Int>(0)

    func add(_ bytes: Int) { count.add(bytes, ordering: .sequentiallyConsistent) }
    var bytes: Int { count.load(ordering: .sequentiallyConsistent) }

    /// How far it has come when it goes no further: over fifty round trips to the gateway nothing moved.
    func standstill(of gateway: GatewayUnderTest) throws -> Int {
        var (last, quietTrips) = (0, 0)
        _ = try eventually {
            let now = bytes
            (last, quietTrips) = now == last && now > 0 ? (last, quietTrips + 1) : (now, 0)
            _ = try gateway.askAdmin("GET", "/status")
            return quietTrips >= 50
        }
        return last
    }
}
