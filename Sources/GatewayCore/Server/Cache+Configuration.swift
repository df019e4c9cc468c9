package import Cache
package import Settings

extension CacheConfiguration {
    /// Reads `cache`. Stands here, because the cache itself knows neither files nor operators.
    package init(reading section: SettingsSection) {
        self.init()
        memoryBytes = section.value(
            "memory", .size(in: 1_048_576...(1 << 40)), default: memoryBytes,
            "Bytes of all entries with their overhead; never exceeded.")
        maximumEntryBytes = section.value(
            "maximum_entry", .size(in: 1_024...(1 << 30)), default: maximumEntryBytes,
            "Bytes of the largest answer that is kept, its overhead included.")
        tenantSharePercent = section.value(
            "tenant_share_percent", .integer(in: 1...100), default: tenantSharePercent,
            "Part of the memory one tenant may hold while others want room.")
        collapseWait = section.value(
            "collapse_wait", .duration(in: .milliseconds(10) ... .seconds(300)), default: collapseWait,
            "How long a request waits for another's identical fetch before it fetches for itself.")
        collapseAge = section.value(
            "collapse_age", .duration(in: .milliseconds(10) ... .seconds(300)), default: collapseAge,
            "How old another's fetch may be for a request still to wait for it; then one more fetches.")
        if maximumEntryBytes > memoryBytes {
            section.mistake(
                section.isGiven("maximum_entry") ? "maximum_entry" : "memory",
                "an entry of \(SizeText.text(maximumEntryBytes)) does not fit into \(SizeText.text(memoryBytes));"
                    + " allowed: maximum_entry up to memory")
        }
    }
}
