import Testing

@testable import HTTPModel

struct UTCTimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-23T00:00:00Z", 1_795_392_000), ("1969-12-31T23:59:59Z", -1),
            ("9999-12-31T23:59:59Z", 253_402_300_799), ("0000-01-01T00:00:00Z", -62_167_219_200),
        ] as [(String, Int64)])
    func textAndSecondsAreTheSameMoment(text: String, seconds: Int64) {
        #expect(UTCTimestamp(text)?.unixSeconds == seconds)
        #expect(UTCTimestamp(unixSeconds: seconds).text == text)
    }

    @Test(arguments: [
        "", "2026-11-23", "2026-11-23T00:00:00", "2026-11-23T00:00:00z", "2026-11-23 00:00:00Z",
        "2026-11-23T00:00:00.0Z", "2026-11-23T00:00:00+00:00", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-11-31T00:00:00Z", "2026-11-00T00:00:00Z", "2026-11-23T24:00:00Z",
        "2026-11-23T00:60:00Z", "2026-11-23T23:59:60Z", "+026-11-23T00:00:00Z", "2026-1a-23T00:00:00Z",
        "２026-11-23T00:00Z",
    ])
    func anythingElseIsNoTimestamp(text: String) {
        #expect(UTCTimestamp(text) == nil)
    }
}
