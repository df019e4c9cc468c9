package import Settings

/// What the gateway writes about itself.
package struct LogConfiguration: Sendable, Hashable {
    /// Where one line per exchange goes [stderr].
    package let access: LogTarget
    /// The least important events that are written [info].
    package let level: LogLevel

    /// Reads `log`.
    package init(reading section: SettingsSection) {
        access = section.value("access", .logTarget, default: .stderr, "Where one line per exchange goes.")
        level = section.value(
            "level", .choice, default: .info,
            "The least important events of the gateway itself that are written.")
    }
}

/// Where log lines go.
package enum LogTarget: Sendable, Hashable {
    /// Standard error.
    case stderr
    /// Standard output.
    case stdout
    /// Nowhere.
    case off
    /// Appended to the file at this path.
    case file(String)
}

/// How important an event is.
package enum LogLevel: String, Sendable, Hashable, CaseIterable {
    /// Of use while looking for a fault.
    case debug
    /// The life of the gateway: start, reload, drain.
    case info
    /// Something that an operator may want to change.
    case warning
    /// Something that does not work.
    case error
}

extension SettingsKind where Value == LogTarget {
    /// A word, or a path with a slash in it, so that a slip in a word does not become a file.
    package static var logTarget: SettingsKind {
        .written(
            as: "a place for log lines",
            allowed: "stderr, stdout, off or a path with a / in it, such as ./access.log",
            placeholder: .off, spell: { $0.spelling }
        ) { string, place in
            switch string {
            case "stderr": .stderr
            case "stdout": .stdout
            case "off": .off
            default:
                string.utf8.contains(0x2F) && !string.utf8.contains(0)
                    ? .file(place.resolve(path: string)) : nil
            }
        }
    }
}

extension LogTarget {
    fileprivate var spelling: String {
        switch self {
        case .stderr: "stderr"
        case .stdout: "stdout"
        case .off: "off"
        case .file(let path): path
        }
    }
}
