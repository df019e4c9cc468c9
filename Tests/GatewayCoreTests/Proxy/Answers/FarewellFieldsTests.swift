import HTTPModel
import Testing

@testable import GatewayCore

struct FarewellFieldsTests {
    @Test func theEndOfATokenIsToldInBothForms() {
        var fields = FarewellFields()
        var lines = ByteBuffer()
        // Mon, 23 Nov 2026 12:00:00 GMT.
        let now: Int64 = 1_795_435_200

        for end in [now + 86_400, now + 86_400, now] {
            fields.append(
                TokenFarewell(deprecatedUnixSeconds: now - 60, sunsetUnixSeconds: end), to: &lines)
        }
        fields.append(.none, to: &lines)

        let tomorrow = "Deprecation: @1795435140\r\nSunset: Tue, 24 Nov 2026 12:00:00 GMT\r\n"
        let today = "Deprecation: @1795435140\r\nSunset: Mon, 23 Nov 2026 12:00:00 GMT\r\n"
        #expect(lines.withBytes { $0.text } == tomorrow + tomorrow + today)
    }
}
