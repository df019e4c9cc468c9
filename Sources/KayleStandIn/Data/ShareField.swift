/// One claim that a session asks the person to share.
struct ShareField: Sendable, Equatable {
    /// The claim, for instance `family_name` or `age_over_18`.
    let claim: String
    /// Why the relying party wants it.
    let reason: String
    /// `default` when the upstream added the claim, `rc` when the relying party asked for it.
    let source: String
    /// Whether the person may decline it.
    let isRequired: Bool

    /// The static claims of the upstream's catalogue, in its order.
    static let staticClaims = [
        "document_type_code", "issuing_country_code", "family_name", "given_names", "document_number",
        "nationality_code", "date_of_birth", "sex_marker", "document_expiry_date", "mrz_optional_data",
        "document_photo", "kayle_document_id", "kayle_human_id",
    ]

    /// The claim that every session carries, whether asked for or not.
    static let documentID = ShareField(
        claim: "kayle_document_id", reason: defaultReason("kayle_document_id"), source: "default",
        isRequired: true)

    /// What a session asks for when the relying party names nothing: every static claim.
    static let all = staticClaims.map { claim in
        claim == documentID.claim
            ? documentID
            : ShareField(claim: claim, reason: defaultReason(claim), source: "default", isRequired: false)
    }

    /// The reason the upstream fills in: `Sharing "Family Name"`.
    static func defaultReason(_ claim: String) -> String {
        let words = claim.split(separator: "_").map { word in
            switch word {
            case "id", "mrz": word.uppercased()
            case "of": String(word)
            default: word.prefix(1).uppercased() + word.dropFirst()
            }
        }
        return "Sharing \"" + words.joined(separator: " ") + "\""
    }

    /// The threshold of an `age_over_N` claim, N from 12 to 130; `nil` for everything else.
    static func ageThreshold(_ claim: String) -> Int? {
        guard claim.hasPrefix(agePrefix), let age = Int(claim.dropFirst(agePrefix.count)),
            claim.utf8.dropFirst(agePrefix.count).allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return (12...130).contains(age) ? age : nil
    }

    /// What every age claim begins with.
    static let agePrefix = "age_over_"

    /// Writes the fields as the database returns them: a `jsonb` object puts shorter keys first, equal
    /// lengths in byte order.
    static func write(_ fields: [ShareField], to json: inout JSONText) {
        let ordered = fields.sorted {
            ($0.claim.utf8.count, $0.claim) < ($1.claim.utf8.count, $1.claim)
        }
        json.object { json in
            for field in ordered {
                json.name(field.claim)
                json.object { json in
                    json.name("reason")
                    json.value(field.reason)
                    json.name("source")
                    json.value(field.source)
                    json.name("required")
                    json.value(field.isRequired)
                }
            }
        }
    }
}
