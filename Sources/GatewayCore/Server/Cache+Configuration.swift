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
        streamedBytes = section.value(
            "stream_from", .size(in: 16_384...(1 << 31)), default: streamedBytes,
            "Bytes of the smallest answer that is passed on while it arrives.")
        tenantSharePercent = section.value(
            "tenant_share_percent", .integer(in: 1...100), default: tenantSharePercent,
            "Part of the memory one tenant may hold while others want room.")
        collapseWait = section.value(
            "collapse_wait", .duration(in: .milliseconds(10) ... .seconds(300)), default: collapseWait,
            "How long a request waits for another's identical fetch before it fetches for itself.")
        compression =
            section.optionalSection("compression", "How stored answers are made smaller.") {
                CompressionPolicy(reading: $0)
            } ?? compression
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

extension CompressionPolicy {
    /// Reads `cache.compression`.
    init(reading section: SettingsSection) {
        self.init()
        gzipLevel = section.value(
            "gzip_level", .integer(in: 0...9), default: gzipLevel,
            "How hard gzip tries, 1 to 9; 0 for no gzip.")
        zstdLevel = section.value(
            "zstd_level", .integer(in: 0...9), default: zstdLevel,
            "How hard zstd tries, 1 to 9; 0 for no zstd.")
        minimumBytes = section.value(
            "minimum_size", .size(in: 256...1_048_576), default: minimumBytes,
            "Bytes of the smallest answer that is made smaller.")
    }
}
