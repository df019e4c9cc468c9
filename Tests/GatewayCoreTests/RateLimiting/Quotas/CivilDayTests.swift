import Testing

@testable import GatewayCore

struct CivilDayTests {
    @Test func aDayAndItsNumberAreTheSameForFourHundredYears() {
        var day = CivilDay(year: 1900, month: 1, day: 1)
        for number in day.daysSince1970..<(day.daysSince1970 + 146_097) {
            #expect(day.daysSince1970 == number)
            #expect(CivilDay(secondsSince1970: number * 86_400 + 86_399) == day)
            day = day.beginningOfNext(.day)
        }
        #expect(day == CivilDay(year: 2300, month: 1, day: 1))
    }

    @Test func weekdaysAreThoseOfTheCalendar() {
        #expect(CivilDay(year: 1970, month: 1, day: 1).weekday == 4)
        #expect(CivilDay(year: 2026, month: 11, day: 25).weekday == 3)
        #expect(CivilDay(year: 2000, month: 2, day: 29).weekday == 2)
        #expect(CivilDay(year: 1969, month: 12, day: 28).weekday == 0)
    }

    @Test func aMonthBeginsWithItsFirstDay() {
        #expect(
            CivilDay(year: 2026, month: 12, day: 31).beginningOfNext(.month)
                == CivilDay(year: 2027, month: 1, day: 1))
        #expect(
            CivilDay(year: 2028, month: 2, day: 28).beginningOfNext(.day)
                == CivilDay(year: 2028, month: 2, day: 29))
    }
}
