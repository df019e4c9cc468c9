package import HTTPModel
import Locking

/// The value of a label, as a small number.
///
/// Text never reaches the hot path: names are turned into numbers when a configuration is loaded, and back
/// when metrics are shown.
package struct LabelValue: Sendable, Hashable {
    /// The number, below 2^18.
    package let index: UInt32

    /// Whatever is not counted separately.
    package static let other = LabelValue(index: 0)

    fileprivate init(index: UInt32) { self.index = index }

    /// The number found in a series again.
    init(packed: UInt64) { index = UInt32(packed & MetricSeries.labelMask) }

    /// A status, which is its own number; 0 stands for no answer.
    @inline(__always)
    package init(_ status: Status) { index = UInt32(status.rawValue) }
}

/// The names behind the numbers, for the life of the process: a tenant that is removed and comes back, or a
/// route that survives a reload, goes on with its old counts.
package final class LabelNames: Sendable {
    private struct Names {
        var texts: [MetricLabel: [String]] = [:]
        var values: [MetricLabel: [String: LabelValue]] = [:]
    }

    private let names = Lock(Names())

    /// Most names of one label; whatever comes later is `other`. Bounds what a series of reloads can take.
    package static let maximumNamesPerLabel = 65_535
    /// How `other` is shown.
    package static let otherText = "_other"

    /// No names yet.
    package init() {}

    /// The number of a name, the same for as long as the process lives; `other` when there are too many.
    package func value(_ label: MetricLabel, _ name: String) -> LabelValue {
        names.withLock { names in
            if let known = names.values[label]?[name] { return known }
            let count = names.texts[label]?.count ?? 0
            guard count < Self.maximumNamesPerLabel else { return .other }
            let value = LabelValue(index: UInt32(count + 1))
            names.texts[label, default: []].append(name)
            names.values[label, default: [:]][name] = value
            return value
        }
    }

    /// The text of a number.
    package func text(_ label: MetricLabel, _ value: LabelValue) -> String {
        if label == .status { return "\(value.index)" }
        return names.withLock { names in
            let texts = names.texts[label] ?? []
            let index = Int(value.index) - 1
            return texts.indices.contains(index) ? texts[index] : Self.otherText
        }
    }
}

/// The texts behind the numbers of one label as they stand in log lines, asked of `LabelNames` once and kept:
/// one per worker and label, so that a line takes no lock and no look-up.
struct LabelTexts {
    private let label: MetricLabel
    // By number; empty where nobody has asked yet. A name is never empty.
    private var texts: [[UInt8]] = []

    /// Nothing kept yet. Never holds more than the names there are (`LabelNames.maximumNamesPerLabel`).
    init(_ label: MetricLabel) { self.label = label }

    /// The inside of a JSON string for a number that `names` gave out.
    mutating func text(of value: LabelValue, _ names: LabelNames) -> [UInt8] {
        let index = Int(value.index)
        if index < texts.count, !texts[index].isEmpty { return texts[index] }
        while texts.count <= index { texts.append([]) }
        texts[index] = LogText.escaped(names.text(label, value))
        return texts[index]
    }
}
