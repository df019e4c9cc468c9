/// The head of a response that came from the upstream or is kept in the cache: a status, and its field lines
/// over bytes of its own.
public struct ResponseHead: Sendable {
    /// The status code.
    public var status: Status
    /// The field lines in their order; every range lies inside `bytes`.
    public var fields: [FieldLine] = []
    /// The names and values.
    public var bytes: [UInt8] = []

    /// A head without fields.
    public init(status: Status) {
        self.status = status
    }

    /// Makes room for the lines of most heads, so that they are not moved while they come.
    public mutating func reserveUsualRoom() {
        fields.reserveCapacity(16)
        bytes.reserveCapacity(512)
    }

    /// Adds a line. Name and value are copied; they are taken as already checked.
    public mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
        append(name: name, value: value, known: FieldName(name))
    }

    /// The same where the name has been recognized already.
    public mutating func append(name: Span<UInt8>, value: Span<UInt8>, known: FieldName) {
        let nameStart = bytes.count
        let valueStart = nameStart + name.count
        bytes.append(name, value)
        fields.append(
            FieldLine(
                name: ByteRange(from: nameStart, to: valueStart),
                value: ByteRange(from: valueStart, to: bytes.count), known: known))
    }

    /// The value of the first line with a known name, or `nil`.
    public func firstValue(of name: FieldName) -> ByteRange? {
        for line in fields where line.known == name { return line.value }
        return nil
    }

    /// The value of the first line with a known name as text, or `nil`. Allocates; for tests and rare paths.
    public func firstText(of name: FieldName) -> String? {
        guard let value = firstValue(of: name) else { return nil }
        return bytes.span.extracting(value.range).text
    }
}
