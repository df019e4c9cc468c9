import Settings
import Testing

/// Sizes as they are shown.
struct SizeTextTests {
    @Test(arguments: [
        (0, "0B"), (1, "1B"), (1_023, "1023B"), (1_024, "1KiB"), (1_536, "1536B"), (1_048_576, "1MiB"),
        (3 << 30, "3GiB"), (1 << 40, "1024GiB"),
    ])
    func sizeIsShownInItsLargestExactUnit(bytes: Int, text: String) {
        #expect(SizeText.text(bytes) == text)
        #expect(SizeText.parse(text) == bytes)
    }
}
