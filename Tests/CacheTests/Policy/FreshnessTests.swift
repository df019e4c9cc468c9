import HTTPModel
import Testing

@testable import Cache

struct FreshnessTests {
    private static func freshness(
        _ lines: [String], _ staleness: Staleness, receivedAt: Double = 0
    ) -> Freshness? {
        let head = response(200, lines)
        let timing = FetchTiming(
            requestedAt: at(receivedAt), receivedAt: at(receivedAt), receivedUnixSeconds: wallStart)
        return Freshness(
            of: head, by: UpstreamDirectives(head), routeLifetime: .seconds(60), staleness: staleness,
            timing: timing)
    }

    /// Seconds after the lifetime during which an answer is given while another is fetched, and on errors.
    @Test(
        arguments: [
            ([], 10, 300), (["Cache-Control: max-age=5"], 10, 300),
            (["Cache-Control: stale-while-revalidate=3"], 3, 300),
            (["Cache-Control: stale-while-revalidate=30"], 10, 300),
            (["Cache-Control: stale-if-error=20"], 10, 20),
            (["Cache-Control: stale-if-error=x"], 10, 0),
            (["Cache-Control: must-revalidate"], 0, 0),
            (["Cache-Control: proxy-revalidate, max-age=5"], 0, 0),
            (["Cache-Control: s-maxage=5"], 0, 0),
            (["CDN-Cache-Control: must-revalidate, max-age=5", "Cache-Control: max-age=5"], 0, 0),
            (["CDN-Cache-Control: stale-if-error=7", "Cache-Control: must-revalidate"], 10, 7),
        ] as [([String], Int64, Int64)])
    func theUpstreamCanShortenOrForbidWhatIsGivenStale(
        lines: [String], whileRevalidating: Int64, onError: Int64
    ) throws {
        let staleness = Staleness(whileRevalidating: .seconds(10), onError: .seconds(300), jitterPercent: 0)
        let freshness = try #require(Self.freshness(lines, staleness))

        let end = freshness.freshUntil
        #expect(
            freshness.servedWhileRevalidatingUntil.elapsed(since: end) == .seconds(whileRevalidating))
        #expect(freshness.servedOnErrorUntil.elapsed(since: end) == .seconds(onError))
    }

    @Test func jitterOnlyShortensAndDiffersFromAnswerToAnswer() throws {
        let staleness = Staleness(whileRevalidating: .zero, onError: .zero, jitterPercent: 20)
        var lifetimes: Set<Duration> = []
        for step in 0..<200 {
            let receivedAt = Double(step) / 1_000
            let freshness = try #require(Self.freshness([], staleness, receivedAt: receivedAt))
            let lifetime = freshness.freshUntil.elapsed(since: at(receivedAt))
            #expect(lifetime <= .seconds(60))
            #expect(lifetime >= .seconds(48))
            lifetimes.insert(lifetime)
        }
        #expect(lifetimes.count > 100)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let lines: [String]
        var routeSeconds = 60.0
        var delaySeconds = 0.0
        /// Seconds of freshness left at receipt; `nil` for none.
        let remaining: Double?
        var age: Double = 0

        var testDescription: String { name }
    }

    static let rows = [
        Row(name: "silent upstream: the route decides", lines: [], remaining: 60),
        Row(name: "max-age shortens", lines: ["Cache-Control: max-age=5"], remaining: 5),
        Row(name: "max-age never lengthens", lines: ["Cache-Control: max-age=500"], remaining: 60),
        Row(name: "s-maxage before max-age", lines: ["Cache-Control: max-age=5, s-maxage=9"], remaining: 9),
        Row(name: "max-age=0", lines: ["Cache-Control: max-age=0"], remaining: nil),
        Row(name: "doubtful max-age", lines: ["Cache-Control: max-age=x"], remaining: nil),
        Row(
            name: "Expires minus Date",
            lines: ["Date: Mon, 23 Nov 2026 12:00:00 GMT", "Expires: Mon, 23 Nov 2026 12:00:07 GMT"],
            remaining: 7),
        Row(name: "Expires without Date", lines: ["Expires: Mon, 23 Nov 2026 12:00:08 GMT"], remaining: 8),
        Row(name: "Expires: 0", lines: ["Expires: 0"], remaining: nil),
        Row(
            name: "max-age before Expires",
            lines: ["Cache-Control: max-age=5", "Expires: Mon, 23 Nov 2026 13:00:00 GMT"], remaining: 5),
        Row(name: "Age is taken off the route's", lines: ["Age: 20"], remaining: 40, age: 20),
        Row(
            name: "Age is taken off the upstream's", lines: ["Age: 2", "Cache-Control: max-age=5"],
            remaining: 3, age: 2),
        Row(name: "Age beyond the lifetime", lines: ["Age: 60"], remaining: nil),
        Row(name: "a list of ages: the first", lines: ["Age: 2, 50"], remaining: 58, age: 2),
        Row(name: "an age that is none", lines: ["Age: 20x"], remaining: 60),
        Row(name: "an overlong age", lines: ["Age: 99999999999999999999"], remaining: nil),
        Row(
            name: "an old Date counts against the upstream's lifetime",
            lines: ["Date: Mon, 23 Nov 2026 11:59:57 GMT", "Cache-Control: max-age=5"], remaining: 2, age: 3),
        Row(
            name: "an old Date is no reason to drop the route's lifetime",
            lines: ["Date: Mon, 23 Nov 2026 11:00:00 GMT"], remaining: 60, age: 3_600),
        Row(
            name: "a Date to come is no negative age",
            lines: ["Date: Mon, 23 Nov 2026 13:00:00 GMT", "Cache-Control: max-age=5"], remaining: 5),
        Row(
            name: "the delay counts as age", lines: ["Cache-Control: max-age=5"], delaySeconds: 2,
            remaining: 3, age: 2),
        Row(
            name: "the delay leaves the route's lifetime alone", lines: [], delaySeconds: 2, remaining: 60,
            age: 2),
        Row(
            name: "a targeted field wins",
            lines: ["CDN-Cache-Control: max-age=5", "Cache-Control: max-age=1"],
            remaining: 5),
        Row(
            name: "a targeted field switches Expires off", lines: ["CDN-Cache-Control: foo", "Expires: 0"],
            remaining: 60),
        Row(
            name: "a broken targeted field is absent",
            lines: ["cdn-cache-control: max-age=5, &", "Cache-Control: max-age=1"], remaining: 1),
        Row(
            name: "two targeted lines are one",
            lines: ["CDN-Cache-Control: a", "CDN-Cache-Control: max-age=5"],
            remaining: 5),
        Row(
            name: "a route without lifetime", lines: ["Cache-Control: max-age=5"], routeSeconds: 0,
            remaining: nil),
        Row(name: "a negative lifetime", lines: [], routeSeconds: -1, remaining: nil),
    ]

    @Test(arguments: rows)
    func theLifetimeFollowsTheRules(row: Row) {
        let head = response(200, row.lines)

        let freshness = Freshness(
            of: head, by: UpstreamDirectives(head), routeLifetime: .seconds(row.routeSeconds),
            timing: FetchTiming(
                requestedAt: at(0), receivedAt: at(row.delaySeconds), receivedUnixSeconds: wallStart))

        let received = at(row.delaySeconds)
        #expect(freshness?.freshUntil == row.remaining.map { received.advanced(by: .seconds($0)) })
        if let freshness { #expect(freshness.initialAgeNanoseconds == UInt64(row.age * 1e9)) }
    }

    @Test func ageAndRemainderAreRoundedDown() {
        let freshness = Freshness(
            receivedAt: at(10), initialAgeNanoseconds: 1_500_000_000, freshUntil: at(15))

        #expect(freshness.ageSeconds(at: at(10)) == 1)
        #expect(freshness.ageSeconds(at: at(10.5)) == 2)
        #expect(freshness.remainingSeconds(at: at(11.5)) == 3)
        #expect(freshness.remainingSeconds(at: at(14.9)) == 0)
        #expect(freshness.remainingSeconds(at: at(15)) == -1)
        #expect(freshness.remainingSeconds(at: at(16.5)) == -2)
    }

    @Test func freshnessEndsAtItsInstant() {
        let freshness = Freshness(receivedAt: at(0), initialAgeNanoseconds: 0, freshUntil: at(5))

        #expect(freshness.isFresh(at: MonotonicInstant(nanoseconds: at(5).nanoseconds - 1)))
        #expect(!freshness.isFresh(at: at(5)))
    }
}
