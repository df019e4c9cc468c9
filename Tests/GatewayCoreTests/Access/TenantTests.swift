import HTTPModel
import Testing

@testable import GatewayCore

/// Which of a tenant's two upstream tokens is in use.
struct TenantTests {
    private func snapshot(
        first: String?, next: String?, refused: Set<UInt64> = []
    ) -> AccessSnapshot {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        return AccessSnapshot(
            fixture.store, known: AccessFixture.known(), keys: fixture.keys, refused: refused
        ) { _ in
            first.map { .found(Secret($0)) } ?? .missing(why: "none")
        } nextCredential: { _ in
            next.map { .found(Secret($0)) }
        }
    }

    private func tokens(_ tenant: Tenant) -> [String?] {
        [tenant.credential, tenant.standby].map { $0?.withBytes { $0.text } }
    }

    @Test func theFirstIsInUseAndTheSecondStandsBy() {
        let tenant = snapshot(first: "one", next: "two").tenants[0]

        #expect(tokens(tenant) == ["one", "two"])
        #expect(!tenant.usesNext)
        #expect(tenant.firstCredentialIdentity == tenant.credentialIdentity)
    }

    @Test func theSecondIsInUseWhereTheFirstIsMissing() {
        let tenant = snapshot(first: nil, next: "two").tenants[0]

        #expect(tokens(tenant) == ["two", nil])
        #expect(tenant.usesNext)
    }

    @Test func oneTokenNamedTwiceIsOne() {
        #expect(tokens(snapshot(first: "one", next: "one").tenants[0]) == ["one", nil])
    }

    @Test func placesAreChangedAndChangedBack() throws {
        let before = snapshot(first: "one", next: "two")
        let first = before.tenants[0].credentialIdentity

        let changed = before.changed(refused: [first])
        let read = snapshot(first: "one", next: "two", refused: [first])
        let back = changed.changed(refused: [])

        for snapshot in [changed, read] {
            let tenant = snapshot.tenants[0]
            #expect(tokens(tenant) == ["two", "one"])
            #expect(tenant.usesNext)
            #expect(tenant.firstCredentialIdentity == first)
            #expect(tenant.credentialIdentity != first)
        }
        #expect(changed.tenants[0].credentialIdentity == read.tenants[0].credentialIdentity)
        #expect(tokens(back.tenants[0]) == ["one", "two"])
    }

    @Test func thePartOfTheCacheFollowsTheTokenAlsoWhenItBecomesTheFirst() {
        let taken = snapshot(first: "one", next: "two")
        let next = taken.changed(refused: [taken.tenants[0].credentialIdentity]).tenants[0].credentialIdentity

        #expect(snapshot(first: "two", next: nil).tenants[0].credentialIdentity == next)
    }
}
