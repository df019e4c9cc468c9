import HTTPModel
import Testing

@testable import GatewayCore

struct QueryInstantTests {
    struct Row: CustomTestStringConvertible {
        let text: String
        let canonical: String
        var testDescription: String { text }
    }

    @Test(arguments: [
        Row(text: "1970-01-01T00:00Z", canonical: "1970-01-01T00:00:00.000Z"),
        Row(text: "1969-12-31T23:59:59.999Z", canonical: "1969-12-31T23:59:59.999Z"),
        Row(text: "2026-11-23T08:30:15.1Z", canonical: "2026-11-23T08:30:15.100Z"),
        Row(text: "2026-11-23T08:30:15.12Z", canonical: "2026-11-23T08:30:15.120Z"),
        Row(text: "2026-11-23T08:30:15.1239999999999999999999Z", canonical: "2026-11-23T08:30:15.123Z"),
        Row(text: "2024-03-01T00:30:00+01:00", canonical: "2024-02-29T23:30:00.000Z"),
        Row(text: "2023-12-31T23:30-00:30", canonical: "2024-01-01T00:00:00.000Z"),
        Row(text: "2000-02-29T12:00:00+23:59", canonical: "2000-02-28T12:01:00.000Z"),
        Row(text: "0001-01-01T00:00:00Z", canonical: "0001-01-01T00:00:00.000Z"),
        Row(text: "9999-12-31T23:59:59.999Z", canonical: "9999-12-31T23:59:59.999Z"),
    ])
    func aMomentHasOneSpelling(row: Row) throws {
        let instant = try #require(Self.read(row.text))
        var output = ByteBuffer()

        instant.append(to: &output)

        let canonical = output.withBytes { $0.text }
        #expect(canonical == row.canonical)
        #expect(Self.read(canonical) == instant)
    }

    @Test func knownMomentsHaveTheirKnownNumbers() throws {
        let text = "2026-11-23T08:30:15.123Z"

        let instant = try #require(Self.read(text))

        #expect(instant.unixMilliseconds == 1_795_422_615_123)
    }

    @Test(arguments: [
        "", "2026", "2026-11-23", "2026-11-23T08:30", "2026-11-23T08:30:15", "2026-11-23 08:30:15Z",
        "2026-11-23t08:30:15Z", "2026-11-23T08:30:15z", "2026-11-23T8:30:15Z", "26-11-23T08:30:15Z",
        "+002026-11-23T08:30:15Z", "2026-11-23T24:00:00Z", "2026-11-23T08:60:00Z", "2026-11-23T08:30:60Z",
        "2026-00-10T00:00Z", "2026-13-10T00:00Z", "2026-11-00T00:00Z", "2026-11-31T00:00Z",
        "2026-02-29T00:00Z", "1900-02-29T00:00Z", "0000-01-01T00:00Z", "2026-11-23T08:30.5Z",
        "2026-11-23T08:30:15.Z", "2026-11-23T08:30:15,5Z", "2026-11-23T08:30:15ZZ", "2026-11-23T08:30:15Z ",
        " 2026-11-23T08:30:15Z", "2026-11-23T08:30:15+0100", "2026-11-23T08:30:15+01",
        "2026-11-23T08:30:15+1:00",
        "2026-11-23T08:30:15+24:00", "2026-11-23T08:30:15+01:60", "2026-11-23T08:30:15 01:00",
        "2026-11-23T08:30:15+01:00Z", "2026-11-23T08:30:15Z+01:00", "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:00-00:01", "0000-12-31T23:59:00-01:00", "2026-11-23T08:30:1٣Z",
    ])
    func everythingElseIsNoMoment(text: String) {
        #expect(Self.read(text) == nil)
    }

    @Test func aMomentCutShortIsNoMoment() {
        let text = "2026-11-23T08:30:15.123+01:00"

        for count in 0..<text.count { #expect(Self.read(String(text.prefix(count))) == nil) }
    }

    private static func read(_ text: String) -> QueryInstant? { QueryInstant(Array(text.utf8).span) }
}
