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

    @Test func anInvalidationEndsFillsAndEntriesAPurgeOnlyFills() {
        let partition = CachePartition(id: 1)
        let before = partition.fillState

        partition.refuseFillsOfBefore()
        #expect(!partition.admits(before))
        #expect(partition.generation == before.generation)

        let between = partition.fillState
        partition.invalidate()
        #expect(!partition.admits(between))
        #expect(partition.generation != before.generation)
        #expect(partition.admits(partition.fillState))
    }
}
