/// One value of a JSON text. Two values are equal when they say the same; where they stand plays no part.
public struct JSONValue: Sendable, Equatable {
    /// What the value says.
    public let content: JSONContent
    /// Where its first character stands.
    public let position: TextPosition

    /// Makes a value; one that was not read from a text has no position.
    public init(_ content: JSONContent, at position: TextPosition = .nowhere) {
        self.content = content
        self.position = position
    }

    /// Compares what the values say.
    public static func == (left: JSONValue, right: JSONValue) -> Bool { left.content == right.content }
}

/// What a JSON value says.
public enum JSONContent: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case boolean(Bool)
    /// A number, in the spelling of the text.
    case number(JSONNumber)
    /// A string, its escapes resolved.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object: its members in the order of the text, no key twice.
    case object([JSONMember])

    /// The word messages use for this kind of value.
    public var kind: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// One member of an object. Equal to another with the same key and an equal value, wherever both stand.
public struct JSONMember: Sendable, Equatable {
    /// The key, its escapes resolved.
    public let key: String
    /// Where the key's opening quote stands.
    public let keyPosition: TextPosition
    /// The value.
    public let value: JSONValue

    /// Makes a member; one that was not read from a text has no position.
    public init(_ key: String, _ value: JSONValue, keyPosition: TextPosition = .nowhere) {
        self.key = key
        self.keyPosition = keyPosition
        self.value = value
    }

    /// Compares keys and values.
    public static func == (left: JSONMember, right: JSONMember) -> Bool {
        left.key == right.key && left.value == right.value
    }
}

/// A number as it was written: no precision is lost by reading and writing it again.
public struct JSONNumber: Sendable, Hashable {
    /// The spelling; always a number by RFC 8259 §6.
    public let text: String

    /// The number, if it is written as an integer and fits; `1.0` and `1e3` are not integers here.
    public var integer: Int64? { Int64(text) }

    /// Makes a number from an integer.
    public init(_ integer: Int64) { text = String(integer) }

    /// Takes over what the reader has checked.
    init(checked text: String) { self.text = text }
}

extension JSONValue {
    /// A `null` to be written.
    public static let null = JSONValue(.null)

    /// A boolean to be written.
    public static func boolean(_ value: Bool) -> JSONValue { JSONValue(.boolean(value)) }

    /// An integer to be written.
    public static func integer(_ value: Int64) -> JSONValue { JSONValue(.number(JSONNumber(value))) }

    /// A string to be written.
    public static func string(_ value: String) -> JSONValue { JSONValue(.string(value)) }

    /// An array to be written.
    public static func array(_ elements: [JSONValue]) -> JSONValue { JSONValue(.array(elements)) }

    /// An object to be written, in the given order. Traps if a key occurs twice: such a text could not be
    /// read.
    public static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
        let keys = Set(members.map(\.key))
        precondition(keys.count == members.count, "a key occurs twice in \(members.map(\.key))")
        return JSONValue(.object(members.map { JSONMember($0.key, $0.value) }))
    }

    /// The value of a member of an object; `nil` for other kinds of value and absent keys. Linear.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.key == key }?.value
    }
}
