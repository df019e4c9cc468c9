import Testing

@testable import GatewayCore

struct QuotaCalendarTests {
    private static let minute: Int64 = 60_000_000_000

    @Test func theWindowIsFoundAnewWhenItIsOver() {
        let calendar = QuotaCalendar(.day, zone: .utc)
        let day: Int64 = 1_440

        let ends = [0, 1, day - 1, day, day + 5, 3 * day, 0].map {
            calendar.windowEndMinute(unixNanoseconds: $0 * Self.minute + 59_999_999_999)
        }

        #expect(ends == [1_440, 1_440, 1_440, 2_880, 2_880, 5_760, 1_440])
    }

    @Test func theNameTellsPeriodAndPlace() {
        #expect(QuotaCalendar(.month, zone: .utc).name == "month UTC")
    }
}
