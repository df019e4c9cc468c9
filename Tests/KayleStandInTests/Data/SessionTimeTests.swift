import Testing

@testable import KayleStandIn

struct SessionTimeTests {
    @Test(arguments: [
        ("2026-11-23T12:00:00Z", "2026-11-23T12:00:00.000Z"),
        ("2026-11-23T12:00Z", "2026-11-23T12:00:00.000Z"),
        ("2026-11-23T12:00:00.5Z", "2026-11-23T12:00:00.500Z"),
        ("2026-11-23T12:00:00.1239999999999Z", "2026-11-23T12:00:00.123Z"),
        ("2024-02-29T23:59:59.999Z", "2024-02-29T23:59:59.999Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
    ])
    func acceptedFormIsReadAndPrintedInMilliseconds(text: String, shown: String) throws {
        guard case .time(let time) = SessionTime.read(text) else {
            Issue.record("\(text) was not read")
            return
        }

        #expect(time.text == shown)
    }

    @Test(arguments: [
        "2026-11-23T12:00:00", "2026-11-23T12:00:00z", "2026-11-23t12:00:00Z", "2026-11-23 12:00:00Z",
        "2026-11-23", "2026-11-23T12:00:00+00:00", "2026-11-23T24:00:00Z", "2026-11-23T12:60:00Z",
        "2026-11-23T12:00:60Z", "2026-02-29T12:00:00Z", "1900-02-29T12:00:00Z", "2026-13-01T12:00:00Z",
        "2026-00-01T12:00:00Z", "2026-04-31T12:00:00Z", "2026-11-00T12:00:00Z", "2026-11-23T12:00:00.Z",
        "2026-11-23T12:00:00.5", "2026-11-23T12:00:00ZZ", "2026-11-23T12Z", "", "Z", "٢٠٢٦-11-23T12:00:00Z",
    ])
    func everyOtherFormIsInvalid(text: String) {
        #expect(SessionTime.read(text) == .invalid)
    }

    @Test func yearZeroPassesTheValidatorAndFailsInTheDatabase() {
        #expect(SessionTime.read("0000-02-29T00:00:00Z") == .databaseFails)
    }

    @Test func httpDateNamesTheWeekday() {
        #expect(SessionTime(microseconds: 1_795_435_200_000_000).httpDate == "Mon, 23 Nov 2026 12:00:00 GMT")
        #expect(SessionTime(microseconds: 0).httpDate == "Thu, 01 Jan 1970 00:00:00 GMT")
    }

    @Test func hiddenMicrosecondsAreCutNotRounded() {
        #expect(SessionTime(microseconds: 1_999).text == "1970-01-01T00:00:00.001Z")
    }
}
