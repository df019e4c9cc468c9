package import Cache
import HTTPModel

/// What a list endpoint takes in its query: the parameters in their canonical order.
///
/// A new list endpoint is a new object of this type, never new code. Declared once, checked once, and laid
/// out as flat tables; a class, so that a request that reads it counts at most one reference.
package final class ListQueryModel: Sendable {
    /// The declaration, in canonical order.
    package let parameters: [QueryParameter]
    /// Index of the parameter that sets how many items a page holds.
    package let pageSizeIndex: Int
    /// Items of a page when the query does not say.
    package let defaultPageSize: Int
    /// Most items of a page that a query may ask for.
    package let maximumPageSize: Int
    /// How pages are built and which of them answer which questions; `nil` if a page answers its own only.
    package let page: PageModel?

    /// The declaration as plain data, index by index.
    let entries: [Entry]
    /// Texts that the entries point into.
    let vocabulary: QueryVocabulary

    /// One parameter, ready for the hot path.
    struct Entry: Sendable {
        /// Where the name stands in the vocabulary's bytes.
        let name: ByteRange
        /// How its values are read.
        let rule: QueryRule
    }

    /// Most parameters of a model: one bit each in a word.
    package static let maximumParameters = 32

    /// Checks and lays out a declaration. `pageSize` names the integer parameter, with a default, that sets
    /// the number of items of a page; `page` the members of a page, where pages are to be reasoned about.
    package init(
        parameters: [QueryParameter], pageSize: String, page: PageModel.Names? = nil
    ) throws(ListQueryModelFailure) {
        guard (1...Self.maximumParameters).contains(parameters.count) else {
            throw .parameterCount(parameters.count)
        }
        var vocabulary = QueryVocabulary()
        var entries: [Entry] = []
        for parameter in parameters {
            guard !parameter.name.isEmpty, parameter.name.isUnreserved else {
                throw .nameInvalid(parameter.name)
            }
            guard parameters.count(where: { $0.name == parameter.name }) == 1 else {
                throw .nameRepeated(parameter.name)
            }
            let rule = try QueryRule(parameter, words: &vocabulary)
            entries.append(Entry(name: vocabulary.add(parameter.name), rule: rule))
        }
        guard let pageSizeIndex = parameters.firstIndex(where: { $0.name == pageSize }),
            case .integer(_, let maximumPageSize, .some(let defaultPageSize)) = parameters[pageSizeIndex].kind
        else { throw .pageSizeInvalid(pageSize) }
        self.parameters = parameters
        self.pageSizeIndex = pageSizeIndex
        self.defaultPageSize = defaultPageSize
        self.maximumPageSize = Int(maximumPageSize)
        self.entries = entries
        self.vocabulary = vocabulary
        self.page =
            if let page {
                try Self.pageModel(page, parameters, pageSize: pageSize, standard: defaultPageSize)
            } else {
                nil
            }
    }

    /// What the declared parameters mean to pages.
    private static func pageModel(
        _ names: PageModel.Names, _ parameters: [QueryParameter], pageSize: String, standard: Int
    ) throws(ListQueryModelFailure) -> PageModel {
        var meanings: [PageModel.Parameter] = []
        var shapes: [CursorShape] = []
        for parameter in parameters {
            let meaning: PageModel.Meaning
            switch (parameter.kind, parameter.rows) {
            case (.cursor(let shape), nil):
                shapes.append(shape)
                meaning = .cursor
            case (.integer, nil) where parameter.name == pageSize: meaning = .limit(standard: standard)
            case (.choice, .equals(let member)): meaning = .equals(member: member)
            case (.instant, .from(let member)): meaning = .from(member: member)
            case (.instant, .to(let member)): meaning = .to(member: member)
            case (.flag, .includes(let member)): meaning = .includes(member: member)
            case (_, nil): continue
            case (_, .some): throw .rowsInvalid(parameter.name)
            }
            meanings.append(PageModel.Parameter(parameter.name, meaning))
        }
        do throws(PageModelFailure) {
            guard let shape = shapes.first else { throw .cursorCount(0) }
            let order = try RowOrder(
                prefixes: shape.prefixes, alphabet: shape.alphabet, length: shape.length)
            return try PageModel(names: names, parameters: meanings, order: order)
        } catch {
            throw .pageInvalid(error)
        }
    }

    /// The index of the parameter with this decoded name.
    func index(named name: Span<UInt8>) -> Int? {
        let (entries, texts) = (entries, vocabulary.bytes)
        let bytes = texts.span
        for index in entries.indices where bytes.extracting(entries[index].name.range).equals(name) {
            return index
        }
        return nil
    }
}

/// Every name, word and prefix of a query model, back to back in one array of bytes, and its alphabets.
struct QueryVocabulary: Sendable {
    /// The texts.
    private(set) var bytes: [UInt8] = []
    // Where the words of choices and the prefixes of cursors stand.
    private var words: [ByteRange] = []
    // 256 entries for each alphabet, nonzero for its characters.
    private var alphabets: [UInt8] = []

    /// Stores a text and returns where it stands.
    mutating func add(_ text: String) -> ByteRange {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return ByteRange(from: start, to: bytes.count)
    }

    /// Stores words and returns their indices.
    mutating func addWords(_ texts: [String]) -> Range<Int> {
        let start = words.count
        for text in texts { words.append(add(text)) }
        return start..<words.count
    }

    /// Stores a set of characters and returns where its table stands.
    mutating func addAlphabet(_ characters: String) -> Range<Int> {
        let start = alphabets.count
        alphabets.append(contentsOf: repeatElement(0, count: 256))
        for byte in characters.utf8 { alphabets[start + Int(byte)] = 1 }
        return start..<alphabets.count
    }

    /// Whether one of the words is exactly this text.
    func contains(_ text: Span<UInt8>, in indices: Range<Int>) -> Bool {
        let bytes = bytes.span
        let words = words.span
        for index in indices where bytes.extracting(words[index].range).equals(text) { return true }
        return false
    }

    /// Whether the text is one of the prefixes with exactly `length` characters of the alphabet behind it.
    func holds(_ text: Span<UInt8>, prefixes: Range<Int>, alphabet: Range<Int>, length: Int) -> Bool {
        guard text.count >= length, contains(text.extracting(droppingLast: length), in: prefixes) else {
            return false
        }
        let rest = text.extracting(droppingFirst: text.count - length)
        let table = alphabets.span.extracting(alphabet)
        for index in 0..<rest.count where table[Int(rest[index])] == 0 { return false }
        return true
    }
}

extension String {
    /// Whether the text needs no percent-encoding at all: what the gateway writes back is what was declared.
    var isUnreserved: Bool { utf8.allSatisfy(TargetByte.isUnreserved) }
}

/// Why a declaration is no model: a mistake in a configuration, told before the gateway starts.
package enum ListQueryModelFailure: Error, Sendable, Hashable {
    /// None, or more than `maximumParameters`.
    case parameterCount(Int)
    /// Empty, or with characters outside letters, digits, `-`, `.`, `_`, `~`.
    case nameInvalid(String)
    /// Declared twice.
    case nameRepeated(String)
    /// Bounds of this parameter that contradict each other or the default.
    case boundsInvalid(String)
    /// A choice without words, or a word that is empty, repeated or outside the characters of names.
    case choiceInvalid(String)
    /// A cursor without prefix, alphabet or length, or with characters outside those of names.
    case cursorInvalid(String)
    /// Not the name of an integer parameter with a default.
    case pageSizeInvalid(String)
    /// A condition on rows that a parameter of this kind cannot have.
    case rowsInvalid(String)
    /// Pages cannot be reasoned about as declared.
    case pageInvalid(PageModelFailure)

    /// What is wrong and what is allowed.
    package var sentence: String {
        switch self {
        case .parameterCount(let count):
            "\(count) parameters; a query model has 1 to \(ListQueryModel.maximumParameters)"
        case .nameInvalid(let name):
            "\"\(name)\" is no parameter name; allowed are letters, digits, '-', '.', '_' and '~'"
        case .nameRepeated(let name): "parameter \"\(name)\" is declared twice"
        case .boundsInvalid(let name):
            "the bounds of \"\(name)\" must satisfy 0 <= minimum <= default <= maximum < 2^53"
        case .choiceInvalid(let name):
            "\"\(name)\" needs different words of letters, digits, '-', '.', '_' and '~' to choose from"
        case .cursorInvalid(let name):
            "the cursor \"\(name)\" needs prefixes, an alphabet and a length of at least 1, "
                + "in letters, digits, '-', '.', '_' and '~'"
        case .pageSizeInvalid(let name):
            "\"\(name)\" cannot be the page size; name an integer parameter that has a default"
        case .rowsInvalid(let name):
            "\"\(name)\" cannot ask that of rows; a choice equals, an instant bounds, a flag includes a member"
        case .pageInvalid(let failure): failure.sentence
        }
    }
}
