import HTTPModel
package import Logging

/// Lines about the gateway itself: start, reload, drain, trouble with the store. One JSON object for each, on
/// standard error.
///
/// Some microseconds for each line, so never for a request; that is what `AccessLog` is for.
package struct EventLog: LogHandler {
    /// Lines below this level are not written.
    package var logLevel: Logger.Level
    /// What every line of this logger carries.
    package var metadata: Logger.Metadata = [:]
    private let write: @Sendable (borrowing ByteBuffer) -> Void
    private let now: @Sendable () -> Int64

    /// A handler for lines of `level` and above. The writer and the clock (nanoseconds since 1970) are
    /// parameters for tests.
    package init(
        level: Logger.Level = .info,
        write: @escaping @Sendable (borrowing ByteBuffer) -> Void = { LogWriter.writeToStandardError($0) },
        now: @escaping @Sendable () -> Int64 = { WallClock.nowNanoseconds() }
    ) {
        self.logLevel = level
        self.write = write
        self.now = now
    }

    /// A logger that writes through this handler.
    package func logger(_ label: String) -> Logger { Logger(label: label, factory: { _ in self }) }

    /// One item of `metadata`.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line.
    package func log(event: LogEvent) {
        var line = ByteBuffer(minimumCapacity: 256)
        let (second, rest) = now().quotientAndRemainder(dividingBy: 1_000_000_000)
        line.append("{\"time\":\"")
        LogText.append(unixSeconds: second, to: &line)
        LogText.append(milliseconds: Int(rest.magnitude / 1_000_000), to: &line)
        line.append("\",\"level\":\"")
        LogText.append(escaping: Array(event.level.rawValue.utf8).span, to: &line)
        line.append("\",\"message\":\"")
        LogText.append(escaping: Array(event.message.description.utf8).span, to: &line)
        line.append(UInt8(ascii: "\""))
        let items = metadata.merging(event.metadata ?? [:]) { _, own in own }
        for (key, value) in items.sorted(by: { $0.key < $1.key }) {
            line.append(",\"")
            LogText.append(escaping: Array(key.utf8).span, to: &line)
            line.append("\":\"")
            LogText.append(escaping: Array(value.description.utf8).span, to: &line)
            line.append(UInt8(ascii: "\""))
        }
        line.append("}\n")
        write(line)
    }
}
