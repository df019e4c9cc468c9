import Testing

@testable import KayleStandIn

struct ShareFieldTests {
    @Test func defaultReasonNamesTheClaim() {
        #expect(ShareField.defaultReason("date_of_birth") == "Sharing \"Date of Birth\"")
        #expect(ShareField.defaultReason("kayle_document_id") == "Sharing \"Kayle Document ID\"")
    }

    @Test(arguments: [
        ("age_over_12", 12), ("age_over_130", 130), ("age_over_11", nil), ("age_over_131", nil),
        ("age_over_", nil),
        ("age_over_+18", nil), ("age_over_1e1", nil), ("family_name", nil),
    ])
    func ageThresholdIsReadFromTheClaim(claim: String, threshold: Int?) {
        #expect(ShareField.ageThreshold(claim) == threshold)
    }

    @Test func shorterClaimsComeFirstAsInTheDatabase() {
        let fields = ["given_names", "family_name", "sex_marker", "age_over_18"].map {
            ShareField(claim: $0, reason: "r", source: "rc", isRequired: true)
        }
        var json = JSONText()

        ShareField.write(fields, to: &json)

        let claims = String(decoding: json.bytes, as: UTF8.self).matches(of: /"([a-z0-9_]+)":\{/).map {
            String($0.1)
        }
        #expect(claims == ["sex_marker", "age_over_18", "family_name", "given_names"])
    }
}
