import FlyingFox
import Foundation

/// What a request to create a session asks for.
struct CreationOrder: Sendable {
    /// The claims, the obligatory one included.
    let shareFields: [ShareField]
    /// Where to send the person afterwards.
    let redirectURL: String?

    /// An order, or the answer that refuses it.
    enum Reading: Sendable {
        /// To be carried out.
        case order(CreationOrder)
        /// The finished refusal.
        case refused(Answer)
    }

    /// Reads the content by the upstream's rules.
    static func read(_ request: RecordedRequest) -> Reading {
        guard isJSON(request.values("Content-Type").first ?? ""), !request.body.isEmpty else {
            return .order(CreationOrder(shareFields: ShareField.all, redirectURL: nil))
        }
        let value: Any
        do {
            value = try JSONSerialization.jsonObject(with: Data(request.body), options: .fragmentsAllowed)
        } catch {
            return .refused(.text(.badRequest, "Malformed JSON in request body"))
        }
        guard let members = value as? [String: Any] else {
            return .refused(.schemaViolation([.wrongType(expected: "object", received: "other", [])]))
        }
        var redirectURL: String?
        if let redirect = members["redirect_url"] {
            guard let text = redirect as? String, isRedirectURL(text) else {
                return .refused(
                    .schemaViolation([.wrongForm("url", ["redirect_url"], message: "Invalid URL")]))
            }
            redirectURL = text
        }
        guard let shareFields = members["share_fields"] else {
            return .order(CreationOrder(shareFields: ShareField.all, redirectURL: redirectURL))
        }
        switch read(shareFields: shareFields) {
        case .success(let fields): return .order(CreationOrder(shareFields: fields, redirectURL: redirectURL))
        case .failure(let mistake): return .refused(mistake.answer)
        }
    }

    private static func isJSON(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        return type == "application/json" || (type.hasPrefix("application/") && type.hasSuffix("+json"))
    }

    // https everywhere, http on the developer's own machine only.
    private static func isRedirectURL(_ text: String) -> Bool {
        guard let url = URL(string: text), let host = url.host, !host.isEmpty else { return false }
        return url.scheme == "https" || (url.scheme == "http" && (host == "localhost" || host == "127.0.0.1"))
    }

    private static func read(shareFields value: Any) -> Result<[ShareField], Mistake> {
        guard let entries = value as? [String: Any] else { return .failure(.shape) }
        guard entries.count <= 32 else { return .failure(.tooMany) }
        var fields: [ShareField] = []
        for (claim, value) in entries.sorted(by: { $0.key < $1.key }) {
            guard let entry = value as? [String: Any], let isRequired = entry["required"] as? Bool else {
                return .failure(.shape)
            }
            let reason = (entry["reason"] as? String ?? "").split(whereSeparator: \.isWhitespace).joined(
                separator: " ")
            if reason.isEmpty { return .failure(.noReason) }
            if reason.utf16.count > 200 { return .failure(.longReason) }
            let isAgeClaim = claim.hasPrefix(ShareField.agePrefix)
            if isAgeClaim, ShareField.ageThreshold(claim) == nil { return .failure(.ageClaim) }
            if !isAgeClaim, !ShareField.staticClaims.contains(claim) { return .failure(.unknownClaim) }
            fields.append(ShareField(claim: claim, reason: reason, source: "rc", isRequired: isRequired))
        }
        let ageClaims = fields.filter { $0.claim.hasPrefix(ShareField.agePrefix) }
        if ageClaims.count > 1 { return .failure(.twoAgeClaims) }
        if !ageClaims.isEmpty, fields.contains(where: { $0.claim == "date_of_birth" }) {
            return .failure(.ageAndBirth)
        }
        return .success(fields.filter { $0.claim != ShareField.documentID.claim } + [.documentID])
    }

    /// What can be wrong with `share_fields`; each has its documented code.
    private enum Mistake: String, Error {
        case shape = "INVALID_SHARE_FIELDS"
        case noReason = "REASON_REQUIRED"
        case longReason = "REASON_TOO_LONG"
        case unknownClaim = "UNKNOWN_CLAIM_KEY"
        case ageClaim = "INVALID_AGE_GATE_KEY"
        case twoAgeClaims = "MULTIPLE_AGE_GATES_NOT_ALLOWED"
        case ageAndBirth = "DOB_AND_AGE_GATE_CONFLICT"
        case tooMany = "TOO_MANY_SHARE_FIELDS"

        var answer: Answer {
            .envelope(
                .badRequest, code: rawValue, message: sentence, hint: "See the claim catalogue.",
                docs: "https://kayle.id/docs/api/sessions#create")
        }

        private var sentence: String {
            switch self {
            case .shape: "The share_fields payload is not a map of claims."
            case .noReason: "A share field has no reason."
            case .longReason: "A reason is longer than 200 characters."
            case .unknownClaim: "A claim is not in the catalogue."
            case .ageClaim: "An age claim needs a threshold from 12 to 130."
            case .twoAgeClaims: "Only one age claim is allowed."
            case .ageAndBirth: "date_of_birth and an age claim exclude each other."
            case .tooMany: "More than 32 share fields."
            }
        }
    }
}
