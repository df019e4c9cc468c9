package import Settings

/// How much the cache holds, and for whom.
package struct HTTPCacheConfiguration: Sendable, Hashable {
    /// Bytes of all entries with their overhead; never exceeded [256MiB].
    package let memoryBytes: Int
    /// Bytes of the largest answer that is kept [2MiB].
    package let maximumEntryBytes: Int
    /// Part of the memory one tenant may hold while others want room, in percent [50].
    package let tenantSharePercent: Int
    /// How long a request waits for another's identical fetch before it fetches for itself [5s].
    package let collapseWait: Duration

    /// Reads `cache`.
    package init(reading section: SettingsSection) {
        memoryBytes = section.value(
            "memory", .size(in: 1_048_576...(1 << 40)), default: 268_435_456,
            "Bytes of all entries with their overhead; never exceeded.")
        maximumEntryBytes = section.value(
            "maximum_entry", .size(in: 1_024...(1 << 30)), default: min(2_097_152, memoryBytes),
            "Bytes of the largest answer that is kept.")
        tenantSharePercent = section.value(
            "tenant_share_percent", .integer(in: 1...100), default: 50,
            "Part of the memory one tenant may hold while others want room.")
        collapseWait = section.value(
            "collapse_wait", .duration(in: .milliseconds(10) ... .seconds(300)), default: .seconds(5),
            "How long a request waits for another's identical fetch before it fetches for itself.")
        if maximumEntryBytes > memoryBytes {
            section.mistake(
                "maximum_entry", "larger than memory (\(SizeText.text(memoryBytes))); allowed: up to memory")
        }
    }
}
