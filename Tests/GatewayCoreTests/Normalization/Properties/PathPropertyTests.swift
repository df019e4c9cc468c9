import HTTPModel
import Testing

@testable import GatewayCore

/// Paths against a slow reading by RFC 3986 §5.2.4 and §6.2.2. Each run draws a new seed; failures name it.
struct PathPropertyTests {
    private let seed = UInt64.random(in: 0 ... .max)

    private static let pieces = [
        "/", "/", "/", ".", ".", "..", "%2e", "%2E", "%2f", "%2F", "a", "~", "%7e", "%41", "%25", ";", "//",
        "%c3%a9",
    ]

    @Test func theCanonicalPathIsWhatTheStandardSays() {
        var speller = QuerySpeller(seed: seed)
        var output = ByteBuffer()
        var refusals = 0

        for _ in 0..<5_000 {
            let path = "/" + (0..<speller.number(below: 10)).map { _ in speller.pick(Self.pieces) }.joined()
            let answer = PathNormalizer.normalize(Array(path.utf8).span, into: &output)
            let text = output.withBytes { $0.text }
            switch answer {
            case .unchanged: #expect(Self.reference(path) == path, "seed \(seed): \(path)")
            case .rewritten: #expect(Self.reference(path) == text && text != path, "seed \(seed): \(path)")
            case .refused:
                refusals += 1
                #expect(Self.reference(path) == nil, "seed \(seed): \(path)")
            }
        }
        #expect(refusals > 100, "seed \(seed)")
    }

    @Test func canonicalPathsAreFixedPointsAndNeverLonger() {
        var speller = QuerySpeller(seed: seed)
        var output = ByteBuffer()

        for _ in 0..<20_000 {
            let path = "/" + (0..<speller.number(below: 10)).map { _ in speller.pick(Self.pieces) }.joined()
            guard PathNormalizer.normalize(Array(path.utf8).span, into: &output) == .rewritten else {
                continue
            }
            let canonical = output.withBytes { $0.array }
            let again = PathNormalizer.normalize(canonical.span, into: &output)
            #expect(again == .unchanged, "seed \(seed): \(path)")
            #expect(canonical.count <= path.utf8.count, "seed \(seed): \(path)")
        }
    }

    @Test func randomBytesNeverTrap() {
        var speller = QuerySpeller(seed: seed)
        var output = ByteBuffer()
        var refusals: Set<PathRefusal> = []

        for _ in 0..<20_000 {
            let path = (0..<speller.number(below: 12)).map { _ in
                speller.pick(Array("//.%%012eEfF\u{0} aé?".utf8))
            }
            if case .refused(let refusal) = PathNormalizer.normalize(path.span, into: &output) {
                refusals.insert(refusal)
            }
        }
        #expect(refusals == Set(PathRefusal.allCases), "seed \(seed)")
    }

    /// Segments in a list: decode, then let dot segments take their neighbours; `nil` above the root.
    private static func reference(_ path: String) -> String? {
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
            segment in
            segment.replacing(#/%([0-9A-Fa-f]{2})/#) { match in
                let scalar = Unicode.Scalar(UInt8(match.output.1, radix: 16) ?? 0)
                let isUnreserved =
                    scalar.isASCII
                    && (scalar.properties.isAlphabetic || "0123456789-._~".unicodeScalars.contains(scalar))
                return isUnreserved ? String(Character(scalar)) : match.output.0.uppercased()
            }
        }
        var kept: [String] = []
        for (index, segment) in segments.enumerated() {
            switch segment {
            case ".": break
            case "..": if kept.popLast() == nil { return nil }
            default:
                kept.append(String(segment))
                continue
            }
            if index == segments.count - 1 { kept.append("") }
        }
        return "/" + kept.joined(separator: "/")
    }
}
