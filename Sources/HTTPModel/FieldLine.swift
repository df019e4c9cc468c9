/// One field line of a head (RFC 9110 §5): where its name and value stand, and whether we know the name.
///
/// Duplicates stay separate lines in their order; nothing is merged.
public struct FieldLine: Sendable, Hashable {
    /// The name as it came.
    public var name: ByteRange
    /// The value without the white space around it.
    public var value: ByteRange
    /// The name, if the gateway gives it a meaning.
    public var known: FieldName

    /// Makes a line from its parts.
    @inlinable
    public init(name: ByteRange, value: ByteRange, known: FieldName) {
        self.name = name
        self.value = value
        self.known = known
    }
}
