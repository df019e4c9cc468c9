package import Settings

/// When the gateway refuses requests because it is short of something itself.
package struct OverloadConfiguration: Sendable, Hashable {
    /// How full the queue for the upstream may be, in percent of `max_waiting` [50].
    package let queuePercent: Int
    /// How long events may wait for a worker [250ms].
    package let loopLag: Duration
    /// Memory of the process; absent, it is not looked at.
    package let memoryBytes: Int?

    /// Makes a configuration.
    package init(queuePercent: Int = 50, loopLag: Duration = .milliseconds(250), memoryBytes: Int? = nil) {
        self.queuePercent = queuePercent
        self.loopLag = loopLag
        self.memoryBytes = memoryBytes
    }

    /// Reads `overload`.
    package init(reading section: SettingsSection) {
        queuePercent = section.value(
            "queue_percent", .integer(in: 1...100), default: 50,
            "How full the queue for the upstream is, in percent of `max_waiting`, when reads are refused first."
        )
        loopLag = section.value(
            "loop_lag", .duration(in: .milliseconds(10) ... .seconds(10)), default: .milliseconds(250),
            "How long events wait for a worker when reads are refused first.")
        memoryBytes = section.optional(
            "memory", .size(in: 33_554_432...(1 << 46)),
            "Memory of the process from whose ninth tenth on reads are refused first; left out, no bound.")
    }
}
