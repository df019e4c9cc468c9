import Foundation
import Testing

@testable import GatewayCore

/// Against the time zones of Foundation, which read the same database by other code.
struct TimeZoneRulesTests {
    static let names = [
        "Europe/Vienna", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana",
        "Africa/Cairo", "Asia/Beirut", "America/Santiago", "Pacific/Apia", "Europe/Dublin", "UTC",
    ]

    private func rules(_ name: String) throws -> TimeZoneRules {
        let bytes = try FileContents.read(
            TimeZoneRules.folder + name, maximumBytes: TimeZoneRules.maximumBytes)
        return try #require(TimeZoneRules(name: name, file: bytes))
    }

    @Test(arguments: names)
    func offsetsAreThoseOfTheDatabase(name: String) throws {
        let rules = try rules(name)
        let zone = try #require(TimeZone(identifier: name))
        // Every eleven hours of 1995 to 2060: all hours of the day, both sides of every change.
        for seconds in stride(from: Int64(788_918_400), to: 2_840_140_800, by: 39_600) {
            let expected = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
            try #require(rules.offset(at: seconds) == Int64(expected), "\(name) at \(seconds)")
        }
    }

    @Test(arguments: names, QuotaPeriod.allCases)
    func windowsFollowEachOtherWithoutGapOrOverlap(name: String, period: QuotaPeriod) throws {
        let rules = try rules(name)
        var begin = rules.end(of: period, at: 1_262_304_000)
        for _ in 0..<1_500 {
            let end = rules.end(of: period, at: begin)
            try #require(end > begin)
            for moment in [begin + 1, begin + (end - begin) / 2, end - 1] {
                try #require(rules.end(of: period, at: moment) == end, "\(name) at \(moment)")
            }
            let hours = (end - begin) / 3_600
            // Apia left out a day; clocks that change at midnight make days of 23 or 25 hours.
            let longest: Int64 = period == .day ? 25 : 31 * 24 + 1
            try #require(hours >= (period == .day ? 22 : 27 * 24) && hours <= longest, "\(name) \(hours)")
            begin = end
        }
    }

    @Test func aDayEndsAtTheMidnightOfThePlace() throws {
        let vienna = try rules("Europe/Vienna")
        // 2026-11-25T22:30Z is half past eleven there.
        let evening = CivilDay(year: 2026, month: 11, day: 25).secondsSince1970 + 81_000
        #expect(vienna.end(of: .day, at: evening) == evening + 1_800)
        #expect(TimeZoneRules.utc.end(of: .day, at: evening) == evening + 5_400)
        #expect(
            vienna.end(of: .month, at: evening)
                == CivilDay(year: 2026, month: 12, day: 1).secondsSince1970 - 3_600)
    }

    @Test func aNameLeadsNowhereElse() {
        #expect(TimeZoneRules.isName("America/Argentina/Buenos_Aires"))
        #expect(TimeZoneRules.isName("Etc/GMT+5"))
        for name in ["", "/etc/passwd", "../x", "a//b", "a/", "a b", "é", String(repeating: "a", count: 65)] {
            #expect(!TimeZoneRules.isName(name), "\(name)")
        }
    }

    @Test func whatIsNoZoneIsNotRead() throws {
        let whole = try FileContents.read(
            TimeZoneRules.folder + "Europe/Vienna", maximumBytes: TimeZoneRules.maximumBytes)
        for cut in [0, 10, 44, 100, whole.count / 2, whole.count - 30, whole.count - 1] {
            #expect(TimeZoneRules(name: "x", file: Array(whole.prefix(cut))) == nil, "\(cut)")
        }
        // Any byte may be wrong: the file is read or not, and never more than read.
        for place in stride(from: 0, to: whole.count, by: 3) {
            var damaged = whole
            damaged[place] = 0xFF
            _ = TimeZoneRules(name: "x", file: damaged)?.offset(at: 1_800_000_000)
        }
    }
}
