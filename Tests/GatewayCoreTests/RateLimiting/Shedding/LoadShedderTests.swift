import HTTPModel
import Testing

@testable import GatewayCore

struct LoadShedderTests {
    private static let memory = 100_000_000

    /// A shedder that two tenants use: 1 with three requests, 2 with one.
    private func shedder(lag milliseconds: UInt64 = 0) -> LoadShedder {
        var shedder = LoadShedder(
            OverloadConfiguration(
                queuePercent: 50, loopLag: .milliseconds(100), memoryBytes: Self.memory), seed: 3)
        for tenant in [1, 1, 1, 2] as [UInt64] { shedder.began(tenant) }
        for _ in 0..<200 { shedder.noteTurn(nanoseconds: milliseconds * 1_000_000) }
        return shedder
    }

    private func load(waiting: Int = 0, resident: Int = 0) -> LoadShedder.Load {
        LoadShedder.Load(waitingCount: waiting, maximumWaitingCount: 100, residentBytes: resident)
    }

    /// Who is refused: reads and writes of the tenant with much, and of the one with little.
    private func refused(_ shedder: LoadShedder, _ load: LoadShedder.Load) -> [LoadShedder.Shortage?] {
        [(false, 1), (true, 1), (false, 2), (true, 2)].map { isWrite, tenant in
            shedder.shortage(isWrite: isWrite, tenant: tenant, load)
        }
    }

    @Test func readsGoBeforeWritesAndThoseWhoHaveMuchBeforeThoseWhoHaveLittle() {
        let none: [LoadShedder.Shortage?] = [nil, nil, nil, nil]

        #expect(refused(shedder(), load(waiting: 49)) == none)
        #expect(refused(shedder(), load(waiting: 50)) == [.upstream, nil, nil, nil])
        #expect(refused(shedder(), load(waiting: 75)) == [.upstream, .upstream, .upstream, nil])
        #expect(refused(shedder(), load(resident: Self.memory / 10 * 9 - 1)) == none)
        #expect(refused(shedder(), load(resident: Self.memory / 10 * 9)) == [.memory, nil, nil, nil])
        #expect(refused(shedder(), load(resident: Self.memory)) == [.memory, .memory, .memory, nil])
        #expect(refused(shedder(lag: 99), load()) == none)
        #expect(refused(shedder(lag: 150), load()) == [.time, nil, nil, nil])
        #expect(refused(shedder(lag: 250), load()) == [.time, .time, .time, nil])
    }

    @Test func aTenantAloneHasNoMoreThanItsShare() {
        var shedder = LoadShedder(OverloadConfiguration(), seed: 1)
        for _ in 0..<50 { shedder.began(1) }

        #expect(shedder.shortage(isWrite: false, tenant: 1, load(waiting: 60)) == nil)
        shedder.began(2)
        #expect(shedder.shortage(isWrite: false, tenant: 1, load(waiting: 60)) == .upstream)
        shedder.ended(2)
        #expect(shedder.shortage(isWrite: false, tenant: 1, load(waiting: 60)) == nil)
    }

    @Test func aLongTurnIsForgottenSoon() {
        var shedder = LoadShedder(OverloadConfiguration(loopLag: .milliseconds(100)), seed: 1)
        shedder.noteTurn(nanoseconds: 10_000_000_000)
        #expect(shedder.shortage(isWrite: false, tenant: 9, load()) == .time)

        for _ in 0..<30 { shedder.noteTurn(nanoseconds: 1_000_000) }

        #expect(shedder.shortage(isWrite: false, tenant: 9, load()) == nil)
    }

    @Test func theWaitIsSpreadOverSomeSeconds() {
        var shedder = LoadShedder(OverloadConfiguration(), seed: 77)

        let waits = Set((0..<200).map { _ in shedder.retryAfterSeconds() })

        #expect(waits == Set(2...9))
    }
}
