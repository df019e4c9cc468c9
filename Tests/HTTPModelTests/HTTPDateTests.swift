import HTTPModel
import Testing

struct HTTPDateTests {
    @Test(arguments: [
        (0 as Int64, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_795_474_620, "Mon, 23 Nov 2026 22:57:00 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
    ])
    func aDateIsWrittenAndReadInItsPreferredForm(seconds: Int64, text: String) {
        let date = HTTPDate(unixSeconds: seconds)

        #expect(String(decoding: date.bytes, as: UTF8.self) == text)
        #expect(HTTPDate(Array(text.utf8).span) == date)
    }

    @Test(arguments: [
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "",
    ])
    func anythingElseIsNoDate(text: String) {
        #expect(HTTPDate(Array(text.utf8).span) == nil)
    }
}
