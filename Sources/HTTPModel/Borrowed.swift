public import Synchronization

/// An object that somebody else keeps alive for as long as this is used, without a reference being counted.
///
/// Counting one takes two locked instructions, on a word that all workers write if they share the object; a
/// cached answer needs none. Who makes one says what keeps the object alive; who wants it for longer takes
/// `object`, which counts (docs/decisions/0019).
@safe
public struct Borrowed<Object: AnyObject> {
    @usableFromInline let reference: Unmanaged<Object>

    /// Borrows an object from its owner.
    @inlinable @inline(__always)
    public init(_ object: Object) { unsafe reference = Unmanaged.passUnretained(object) }

    @inlinable @inline(__always)
    init(reference: Unmanaged<Object>) { unsafe self.reference = reference }

    /// Reads the object where it is.
    @inlinable @inline(__always)
    public func read<Result>(_ body: (Object) throws -> Result) rethrows -> Result {
        // Whoever made this keeps the object alive meanwhile: that is what the type says.
        try unsafe reference._withUnsafeGuaranteedRef(body)
    }

    /// The object itself, with a reference counted: to be kept.
    @inlinable @inline(__always)
    public var object: Object { unsafe reference.takeUnretainedValue() }
}

/// So a place that threads share can say which object is there.
extension Borrowed: AtomicOptionalRepresentable, AtomicRepresentable {
    /// As the library has it.
    public typealias AtomicRepresentation = Unmanaged<Object>.AtomicRepresentation
    /// As the library has it.
    public typealias AtomicOptionalRepresentation = Unmanaged<Object>.AtomicOptionalRepresentation

    /// As the library has it.
    @inlinable @inline(__always)
    public static func encodeAtomicRepresentation(_ value: consuming Self) -> AtomicRepresentation {
        unsafe Unmanaged.encodeAtomicRepresentation(value.reference)
    }

    /// As the library has it.
    @inlinable @inline(__always)
    public static func decodeAtomicRepresentation(_ value: consuming AtomicRepresentation) -> Self {
        unsafe Self(reference: Unmanaged.decodeAtomicRepresentation(value))
    }

    /// As the library has it.
    @inlinable @inline(__always)
    public static func encodeAtomicOptionalRepresentation(
        _ value: consuming Self?
    ) -> AtomicOptionalRepresentation {
        unsafe Unmanaged.encodeAtomicOptionalRepresentation(value?.reference)
    }

    /// As the library has it.
    @inlinable @inline(__always)
    public static func decodeAtomicOptionalRepresentation(
        _ value: consuming AtomicOptionalRepresentation
    ) -> Self? {
        let reference = unsafe Unmanaged<Object>.decodeAtomicOptionalRepresentation(value)
        return unsafe reference.map { unsafe Self(reference: $0) }
    }
}

// As an object may be used by several threads, so may the word that says where it is.
extension Borrowed: @unchecked Sendable where Object: Sendable {}
