import Settings
import Testing

/// Durations as they are shown.
struct DurationTextTests {
    @Test(arguments: [
        (Duration.zero, "0s"), (.milliseconds(1), "1ms"), (.milliseconds(1_500), "1500ms"),
        (.seconds(1), "1s"),
        (.seconds(90), "90s"), (.seconds(120), "2m"), (.seconds(3_600), "1h"), (.seconds(86_400), "1d"),
        (.seconds(129_600), "36h"), (.microseconds(1_500_700), "1500ms"),
        (.seconds(Int64.max), "9223372036854775807s"),
    ])
    func durationIsShownInItsLargestExactUnit(duration: Duration, text: String) {
        #expect(DurationText.text(duration) == text)
    }

    @Test(arguments: ["1ms", "999ms", "1s", "59s", "61m", "25h", "90d"])
    func whatIsShownReadsBack(text: String) throws {
        #expect(try DurationText.text(#require(DurationText.parse(text))) == text)
    }
}
