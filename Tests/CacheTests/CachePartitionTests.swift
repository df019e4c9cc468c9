import Testing

@testable import Cache

struct CachePartitionTests {
    @Test func theSameTenantAndCredentialGiveTheSamePartition() {
        var registry = PartitionRegistry()

        let first = registry.partition(tenant: "acme", credential: 1)

        #expect(registry.partition(tenant: "acme", credential: 1) === first)
        #expect(registry.partition(tenant: "acme", credential: 2) !== first)
        #expect(registry.partition(tenant: "acm", credential: 1) !== first)
    }

    @Test func forgottenPartitionsLeaveTheRegistryAndHeldOnesStay() {
        var registry = PartitionRegistry()
        let held = registry.partition(tenant: "held", credential: 1)

        for credential in 0..<10_000 {
            _ = registry.partition(tenant: "gone", credential: UInt64(credential))
        }

        #expect(registry.count <= 65)
        #expect(registry.partition(tenant: "held", credential: 1) === held)
    }

    @Test func numbersAreNeverReused() {
        var registry = PartitionRegistry()
        var seen: Set<UInt64> = []

        for credential in 0..<1_000 {
            seen.insert(registry.partition(tenant: "t", credential: UInt64(credential)).id)
        }

        #expect(seen.count == 1_000)
    }

    @Test func aPurgeEndsFillsAndAWriteEntriesToo() {
        let partition = CachePartition(id: 1)
        let held = entry(partition, "q", hash: 1)
        let before = partition.fillState
        #expect(partition.admits(held, begunUnder: before))

        partition.refuseFillsOfBefore()
        #expect(!partition.admits(held, begunUnder: before))
        #expect(!held.isInvalidated)

        let between = partition.fillState
        partition.invalidate(.everything)
        #expect(!partition.admits(held, begunUnder: between))
        #expect(held.isInvalidated)
        #expect(partition.isCurrent(partition.fillState))
        #expect(!partition.isCurrent(between))
    }

    @Test func tenantsOfOneOrganizationSeeEachOthersWritesOnly() {
        var registry = PartitionRegistry()
        let acme = registry.partition(tenant: "acme", credential: 1, organization: "o")
        let partner = registry.partition(tenant: "partner", credential: 2, organization: "o")
        let other = registry.partition(tenant: "other", credential: 3, organization: "p")
        let alone = registry.partition(tenant: "alone", credential: 4)
        let entries = [acme, partner, other, alone].map { entry($0, "q", hash: 1) }

        acme.invalidate(.everything)

        #expect(acme !== partner)
        #expect(entries.map(\.isInvalidated) == [true, true, false, false])
    }

    @Test func anOrganizationKeepsItsLogWhileATenantOfItIsHeld() {
        var registry = PartitionRegistry()
        let held = registry.partition(tenant: "held", credential: 1, organization: "o")

        for number in 0..<1_000 {
            _ = registry.partition(tenant: "t\(number)", credential: 1, organization: "o\(number)")
        }

        let later = registry.partition(tenant: "later", credential: 1, organization: "o")
        #expect(later.writes === held.writes)
    }
}
