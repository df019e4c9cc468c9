import Testing

@testable import GatewayCore

struct TimeZoneFooterTests {
    private func offset(_ footer: String, _ year: Int64, _ month: Int64, _ day: Int64, _ hour: Int64 = 12)
        -> Int64?
    {
        let seconds = CivilDay(year: year, month: month, day: day).secondsSince1970 + hour * 3_600
        return TimeZoneFooter(Array(footer.utf8))?.offset(at: seconds)
    }

    @Test(
        arguments: [
            ("UTC0", 0, 0), ("CET-1CEST,M3.5.0,M10.5.0/3", 3_600, 7_200),
            ("EST5EDT,M3.2.0,M11.1.0", -18_000, -14_400), ("<+0545>-5:45", 20_700, 20_700),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3_600), ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -7_200, -3_600),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", 39_600, 36_000), ("AAA-1BBB,J60,J300", 3_600, 7_200),
            ("AAA-1BBB,59/26,300", 3_600, 7_200),
        ] as [(String, Int64, Int64)])
    func winterAndSummerAreTold(footer: String, january: Int64, july: Int64) {
        #expect(offset(footer, 2040, 1, 15) == january)
        #expect(offset(footer, 2040, 7, 15) == july)
    }

    @Test func theClocksChangeAtTheMomentThatIsWritten() {
        // 2027-03-28 is the last Sunday of March; at 01:00 UTC the clocks of Vienna jump from 2 to 3.
        let rule = TimeZoneFooter(Array("CET-1CEST,M3.5.0,M10.5.0/3".utf8))
        let change = CivilDay(year: 2027, month: 3, day: 28).secondsSince1970 + 3_600
        #expect(rule?.offset(at: change - 1) == 3_600)
        #expect(rule?.offset(at: change) == 7_200)
        let back = CivilDay(year: 2027, month: 10, day: 31).secondsSince1970 + 3_600
        #expect(rule?.offset(at: back - 1) == 7_200)
        #expect(rule?.offset(at: back) == 3_600)
    }

    @Test(
        arguments: [
            "", "A", "AB1", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
            "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x", "<CET-1",
            "CET-168", "CET-1:60", "AAA-1BBB,J0,J1", "AAA-1BBB,366,1",
        ])
    func whatIsNoRuleIsNotRead(footer: String) {
        #expect(TimeZoneFooter(Array(footer.utf8)) == nil)
    }
}
