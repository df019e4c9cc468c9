import HTTPModel

/// How the values of one parameter are read: the declared kind as plain data.
enum QueryRule: Sendable {
    /// See `QueryParameterKind.integer`.
    case integer(minimum: Int, maximum: Int, default: Int?)
    /// Indices of the vocabulary's words.
    case choice(words: Range<Int>)
    /// See `QueryParameterKind.instant`.
    case instant
    /// See `QueryParameterKind.flag`.
    case flag
    /// Indices of the vocabulary's words that may begin a cursor, and the table of what follows them.
    case cursor(prefixes: Range<Int>, alphabet: Range<Int>, length: Int)
    /// See `QueryParameterKind.text`.
    case text(maximumBytes: Int)
}

/// What one value turned out to be.
enum QueryReading: Equatable {
    /// It means the same as leaving the parameter out.
    case absent
    /// Its canonical form was appended to the output.
    case written
    /// A whole number within the bounds; the caller knows what it is for.
    case integer(Int)
    /// The upstream may take it; we do not claim to know as what.
    case opaque(OpaqueReason)
    /// Outside the documented model.
    case refused
}

extension QueryRule {
    /// Checks a declared parameter and stores its words.
    init(_ parameter: QueryParameter, words vocabulary: inout QueryVocabulary) throws(ListQueryModelFailure) {
        switch parameter.kind {
        case .integer(let minimum, let maximum, let standard):
            // The upstream computes in doubles, which are exact below 2^53.
            guard 0 <= minimum, minimum <= maximum, maximum < 1 << 53,
                (minimum...maximum).contains(standard ?? minimum)
            else { throw .boundsInvalid(parameter.name) }
            self = .integer(minimum: minimum, maximum: maximum, default: standard)
        case .choice(let words):
            guard !words.isEmpty, Set(words).count == words.count,
                words.allSatisfy({ !$0.isEmpty && $0.isUnreserved })
            else { throw .choiceInvalid(parameter.name) }
            self = .choice(words: vocabulary.addWords(words))
        case .instant: self = .instant
        case .flag: self = .flag
        case .cursor(let shape):
            guard !shape.prefixes.isEmpty, shape.prefixes.allSatisfy(\.isUnreserved), shape.length > 0,
                !shape.alphabet.isEmpty, shape.alphabet.isUnreserved
            else { throw .cursorInvalid(parameter.name) }
            self = .cursor(
                prefixes: vocabulary.addWords(shape.prefixes),
                alphabet: vocabulary.addAlphabet(shape.alphabet), length: shape.length)
        case .text(let maximumBytes):
            guard maximumBytes > 0 else { throw .boundsInvalid(parameter.name) }
            self = .text(maximumBytes: maximumBytes)
        }
    }

    /// Whether absence of the parameter means this number.
    func isDefault(_ number: Int) -> Bool {
        if case .integer(_, _, .some(let standard)) = self { number == standard } else { false }
    }

    /// Reads one decoded value. Appends its canonical form, encoded, if the answer is `written`, and nothing
    /// otherwise.
    func read(
        _ value: Span<UInt8>, vocabulary: borrowing QueryVocabulary, into output: inout ByteBuffer
    ) -> QueryReading {
        switch self {
        case .integer(let minimum, let maximum, _):
            return Self.readInteger(value, minimum: minimum, maximum: maximum)
        case .choice(let words):
            guard vocabulary.contains(value, in: words) else { return .refused }
            output.append(value)
            return .written
        case .instant:
            guard let instant = QueryInstant(value) else { return .refused }
            instant.append(to: &output)
            return .written
        case .flag:
            // The upstream would take `false` and `0` for true. Leaving them out gives what is documented.
            if value.isEmpty || value.equals("false") || value.equals("0") { return .absent }
            guard value.equals("true") || value.equals("1") else { return .refused }
            output.append("true")
            return .written
        case .cursor(let prefixes, let alphabet, let length):
            if value.isEmpty { return .absent }
            if vocabulary.holds(value, prefixes: prefixes, alphabet: alphabet, length: length) {
                output.append(value)
                return .written
            }
            // NUL makes the upstream fail; its neighbours are in no cursor either.
            return Self.holdsControlCharacter(value) ? .refused : .opaque(.cursorShape)
        case .text(let maximumBytes):
            guard value.count <= maximumBytes, !Self.holdsControlCharacter(value) else { return .refused }
            Self.appendEncoded(value, to: &output)
            return .written
        }
    }

    /// Plain digits are understood; what else the upstream takes for a number in bounds is left to it.
    private static func readInteger(_ value: Span<UInt8>, minimum: Int, maximum: Int) -> QueryReading {
        let bounds = minimum...maximum
        switch plainDigits(value, maximum: maximum) {
        case .some(let number): return bounds.contains(number) ? .integer(number) : .refused
        case .none:
            return switch ScriptNumber(value) {
            case .integer(let number): bounds.contains(number) ? .opaque(.numberSpelling) : .refused
            case .noInteger: .refused
            case .tooLong: .opaque(.numberSpelling)
            }
        }
    }

    /// The number in a run of digits, capped just above `maximum`; `nil` for none or any other character.
    private static func plainDigits(_ value: Span<UInt8>, maximum: Int) -> Int? {
        guard !value.isEmpty else { return nil }
        var number = 0
        for index in 0..<value.count {
            let digit = value[index] &- 0x30
            guard digit < 10 else { return nil }
            // The cap keeps the product below 10 * 2^53 + 9, far from overflow.
            number = min(number * 10 + Int(digit), maximum + 1)
        }
        return number
    }

    private static func holdsControlCharacter(_ value: Span<UInt8>) -> Bool {
        for index in 0..<value.count where value[index] < 0x20 || value[index] == 0x7F { return true }
        return false
    }

    /// Encodes everything but unreserved characters, a space as `%20`: one spelling for each text.
    private static func appendEncoded(_ value: Span<UInt8>, to output: inout ByteBuffer) {
        for index in 0..<value.count {
            if TargetByte.isUnreserved(value[index]) {
                output.append(value[index])
            } else {
                PercentTriplet.append(value[index], to: &output)
            }
        }
    }
}
