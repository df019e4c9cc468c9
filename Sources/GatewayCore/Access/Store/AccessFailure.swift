package import Settings

/// Why tenants or tokens cannot be read or changed, in words that say what to do.
package enum AccessFailure: Error, Sendable, CustomStringConvertible {
    /// The tenant store is there but cannot be used: its mistakes.
    case store(SettingsFailure)
    /// A file cannot be read.
    case unreadable(AtomicFileFailure)
    /// A file cannot be written.
    case unwritable(AtomicFileFailure)
    /// The pepper cannot be used.
    case pepper(String)
    /// What was asked for does not fit what is there.
    case input(String)

    /// The failure as sentences.
    package var description: String {
        switch self {
        case .store(let failure): failure.description
        case .unreadable(let failure): "cannot read \(failure)"
        case .unwritable(let failure): "cannot write \(failure)"
        case .pepper(let text), .input(let text): text
        }
    }
}
