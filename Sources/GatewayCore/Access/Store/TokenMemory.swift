import Locking
import Settings

/// The tokens of the store as they were read last, so that a change to one of ten thousand is in force soon:
/// reading a token costs twenty times what comparing it does.
final class TokenMemory: Sendable {
    private let known = Lock<[String: SettingsMemory<StoredToken>.Known]>([:])

    /// The memory of the last good reading, for a new one.
    func recalled(_ isUsable: @escaping (StoredToken) -> Bool) -> SettingsMemory<StoredToken> {
        SettingsMemory(known.withLock { $0 }, key: "id", isUsable: isUsable)
    }

    /// Carries a good reading to the next.
    func settle(_ reading: SettingsMemory<StoredToken>) {
        let found = reading.found
        known.withLock { $0 = found }
    }
}
