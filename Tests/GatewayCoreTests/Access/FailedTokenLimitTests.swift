import HTTPModel
import Synchronization
import Testing

@testable import GatewayCore

struct FailedTokenLimitTests {
    private static let start = MonotonicInstant(nanoseconds: 5_000_000_000)

    private func limit(_ attempts: Int, per seconds: Int64 = 60) -> FailedTokenLimit {
        FailedTokenLimit(
            FailedTokenConfiguration(attempts: attempts, period: .seconds(seconds)),
            hashKey: SipHash.Key(1, 2))
    }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test func soManyAttemptsAreGrantedAtOnceAndThenOnePerInterval() throws {
        let limit = limit(6, per: 60)
        let client = try address("192.0.2.1")
        let granted = (0..<10).map { _ in limit.take(client, now: Self.start) }

        #expect(granted == [nil, nil, nil, nil, nil, nil, 10, 10, 10, 10])
        #expect(limit.take(client, now: Self.start.advanced(by: .milliseconds(9_999))) == 1)
        #expect(limit.take(client, now: Self.start.advanced(by: .seconds(10))) == nil)
        #expect(limit.take(client, now: Self.start.advanced(by: .seconds(10))) == 10)
    }

    @Test func waitingAsLongAsSaidIsAlwaysEnough() throws {
        let limit = limit(7, per: 3)
        let client = try address("192.0.2.1")
        var now = Self.start

        for _ in 0..<200 {
            guard let seconds = limit.take(client, now: now) else { continue }
            now = now.advanced(by: .seconds(Int64(seconds)))
            #expect(limit.take(client, now: now) == nil)
        }
    }

    @Test func whoeverHasTheNetworkHasTheBucket() throws {
        let limit = limit(1)

        #expect(limit.take(try address("2001:db8:1:2::1"), now: Self.start) == nil)
        #expect(limit.take(try address("2001:db8:1:2:ffff::9"), now: Self.start) != nil)
        #expect(limit.take(try address("2001:db8:1:3::1"), now: Self.start) == nil)
        #expect(limit.take(try address("192.0.2.1"), now: Self.start) == nil)
        #expect(limit.take(try address("192.0.2.2"), now: Self.start) == nil)
    }

    @Test func manyThreadsGetTogetherWhatOneWould() throws {
        let limit = limit(1_000, per: 86_400)
        let client = try address("192.0.2.1")
        let granted = Atomic(0)

        TemporaryFolder.concurrently(8) { _ in
            for _ in 0..<500 where limit.take(client, now: Self.start) == nil {
                granted.add(1, ordering: .relaxed)
            }
        }

        #expect(granted.load(ordering: .relaxed) == 1_000)
    }
}
