/// What the elements of a list were read as the last time, so that those which say the same are not read
/// again: a list of thousands that changes by one element costs a comparison for each of the others.
///
/// Elements are told apart by one member. Confined to one reading; what was found is carried to the next by
/// whoever reads.
public final class SettingsMemory<Value> {
    /// An element with what it was read as.
    public struct Known {
        let element: JSONValue
        let value: Value
    }

    private let key: String
    private let known: [String: Known]
    private let isUsable: (Value) -> Bool
    /// The elements of this reading, for the next one, if this one finds no mistake.
    public private(set) var found: [String: Known] = [:]

    /// A memory of an earlier reading. `key` is the member that tells elements apart; `isUsable` is asked
    /// before a value is used again.
    public init(_ known: [String: Known], key: String, isUsable: @escaping (Value) -> Bool) {
        self.known = known
        self.key = key
        self.isUsable = isUsable
    }

    /// What an element was read as when it said the same.
    func recall(_ element: JSONValue) -> Value? {
        guard let name = name(of: element), let known = known[name], known.element == element,
            isUsable(known.value)
        else { return nil }
        found[name] = known
        return known.value
    }

    /// Remembers what an element was read as.
    func keep(_ element: JSONValue, _ value: Value) {
        if let name = name(of: element) { found[name] = Known(element: element, value: value) }
    }

    private func name(of element: JSONValue) -> String? {
        guard case .object(let members) = element.content,
            let member = members.first(where: { $0.key == key }),
            case .string(let name) = member.value.content
        else { return nil }
        return name
    }
}

extension SettingsMemory.Known: Sendable where Value: Sendable {}
