import Foundation
import HTTPModel
import Testing

@testable import GatewayCore

struct QuotaStoreTests {
    private let folder: String
    private var path: String { "\(folder)/quotas" }
    private static let day: Int64 = 86_400

    init() throws { folder = try #require(PrivateFolder.make(prefix: "kayle-quota-test-")) }

    private func open(buckets: Int = 1_000, unixSeconds: Int64 = 0) throws -> QuotaStore {
        try QuotaStore(
            path: path, minimumBuckets: buckets, freshKey: LimitFixture.hashKey,
            unixNanoseconds: unixSeconds * 1_000_000_000)
    }

    /// How many of ten requests of a tenant with a quota of `maximum` a day are granted.
    private func granted(
        _ store: QuotaStore, of maximum: UInt64, tenant: UInt64 = 1, unixSeconds: Int64 = 0
    ) throws -> Int {
        let plan = try LimitPlan(
            [
                LimitPolicy(
                    plan: "p", name: "daily", by: [.tenant],
                    .quota(maximum, QuotaCalendar(.day, zone: .utc)))
            ], quotas: store)
        let limiter = LimitFixture.limiter()
        var report = LimitReport()
        return (0..<10).count { _ in
            limiter.take(
                LimitCharge(tokens: 1), of: plan, by: LimitFixture.subject(tenant: tenant),
                at: LimitFixture.moment(1, unixSeconds: unixSeconds), report: &report) == .within
        }
    }

    @Test func aQuotaGoesOnAfterARestartAndBeginsAnewAtMidnight() throws {
        #expect(try granted(open(), of: 12) == 10)
        #expect(try granted(open(unixSeconds: 60), of: 12, unixSeconds: 60) == 2)
        #expect(try granted(open(), of: 12, tenant: 2) == 10)
        #expect(try granted(open(unixSeconds: Self.day - 1), of: 12, unixSeconds: Self.day - 1) == 0)
        #expect(try granted(open(unixSeconds: Self.day), of: 12, unixSeconds: Self.day) == 10)
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func aHigherQuotaGoesOnFromWhatIsUsed() throws {
        #expect(try granted(open(), of: 10) == 10)
        #expect(try granted(open(), of: 13) == 3)
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func aTableOfAnotherSizeHoldsTheSameCounts() throws {
        for tenant in 1...200 as ClosedRange<UInt64> { _ = try granted(open(), of: 5, tenant: tenant) }

        let larger = try open(buckets: 30_000)

        #expect(larger.bucketCount == 200)
        #expect(try (1...200).allSatisfy { try granted(larger, of: 6, tenant: $0) == 1 })
        try FileManager.default.removeItem(atPath: folder)
    }

    /// What a gateway that is killed while it counts leaves behind: any word may still be locked.
    @Test func locksThatNobodyHoldsAnyMoreAreTakenOff() throws {
        _ = try granted(open(), of: 12)
        var bytes = try FileContents.read(path, maximumBytes: 1 << 24)
        for set in stride(from: 4_096, to: bytes.count, by: 1_024) {
            bytes[set + 7] |= 0x80
            for place in 1...63 { bytes[set + place * 16 + 15] |= 0x80 }
        }
        try Data(bytes).write(to: URL(filePath: path))

        #expect(try granted(open(), of: 12) == 2)
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func aFileOfSomebodyElseIsLeftAsItIs() throws {
        let text = "not a file of quotas"
        try text.write(toFile: path, atomically: true, encoding: .utf8)

        #expect(throws: QuotaStoreFailure.self) { try open() }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func theFileIsItsOwnersOnly() throws {
        _ = try open()

        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        try FileManager.default.removeItem(atPath: folder)
    }
}
