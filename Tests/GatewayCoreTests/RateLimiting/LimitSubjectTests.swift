import Testing

@testable import GatewayCore

struct LimitSubjectTests {
    private func key(_ subject: LimitSubject, by dimensions: [LimitDimension]) throws -> UInt64 {
        subject.bucketKey(
            of: try LimitFixture.policy("l", by: dimensions, intervalNanoseconds: 1_000, burst: 1),
            hashKey: LimitFixture.hashKey)
    }

    private let subject = LimitSubject(
        tenant: 1, token: 2, route: 3, credential: 4, address: IPAddress(ipv4: 0xC000_0201))

    @Test(arguments: LimitDimension.allCases)
    func aDimensionSeparatesSubjectsOnlyWhereItIsNamed(dimension: LimitDimension) throws {
        var other = subject
        switch dimension {
        case .tenant: other.tenant = 9
        case .token: other.token = 9
        case .route: other.route = 9
        case .credential: other.credential = 9
        case .address: other.address = IPAddress(ipv4: 0xC000_0202)
        }
        let rest = LimitDimension.allCases.filter { $0 != dimension }

        #expect(try key(subject, by: [dimension]) != key(other, by: [dimension]))
        #expect(try key(subject, by: rest) == key(other, by: rest))
    }

    @Test func anIPv6ClientIsItsNetwork() throws {
        let first = LimitFixture.subject(address: "2001:db8:1:2::1")
        let second = LimitFixture.subject(address: "2001:db8:1:2:ffff::9")
        let third = LimitFixture.subject(address: "2001:db8:1:3::1")

        #expect(try key(first, by: [.address]) == key(second, by: [.address]))
        #expect(try key(first, by: [.address]) != key(third, by: [.address]))
    }
}
