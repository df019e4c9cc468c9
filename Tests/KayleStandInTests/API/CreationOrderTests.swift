import Testing

@testable import KayleStandIn

struct CreationOrderTests {
    private let fixture = APIFixture()

    @Test func chosenFieldsAreKeptAndTheDocumentIsAdded() {
        let answer = create(
            #"{"share_fields":{"age_over_18":{"required":true,"reason":" of \n age "}},"extra":1}"#)

        let fields =
            #""share_fields":{"age_over_18":{"reason":"of age","source":"rc","required":true},"#
            + #""kayle_document_id":{"reason":"Sharing \"Kayle Document ID\"","source":"default","required":true}},"#
        #expect(answer.code == 200)
        #expect(answer.text.contains(fields))
    }

    @Test(arguments: [nil, "text/plain", "application/x-www-form-urlencoded"])
    func contentOfAnotherTypeIsIgnored(contentType: String?) {
        let answer = fixture.ask("POST", "/v1/sessions", contentType: contentType, body: "{broken")

        #expect(answer.code == 200)
        #expect(answer.text.contains("\"date_of_birth\""))
    }

    @Test(arguments: [
        (#"{"share_fields":[]}"#, "INVALID_SHARE_FIELDS"),
        (#"{"share_fields":{"family_name":{"reason":"x"}}}"#, "INVALID_SHARE_FIELDS"),
        (#"{"share_fields":{"family_name":{"required":true}}}"#, "REASON_REQUIRED"),
        (#"{"share_fields":{"family_name":{"required":true,"reason":"  "}}}"#, "REASON_REQUIRED"),
        (#"{"share_fields":{"shoe_size":{"required":true,"reason":"x"}}}"#, "UNKNOWN_CLAIM_KEY"),
        (#"{"share_fields":{"age_over_5":{"required":true,"reason":"x"}}}"#, "INVALID_AGE_GATE_KEY"),
        (
            #"{"share_fields":{"age_over_18":{"required":true,"reason":"x"},"#
                + #""age_over_21":{"required":true,"reason":"x"}}}"#,
            "MULTIPLE_AGE_GATES_NOT_ALLOWED"
        ),
        (
            #"{"share_fields":{"age_over_18":{"required":true,"reason":"x"},"#
                + #""date_of_birth":{"required":true,"reason":"x"}}}"#,
            "DOB_AND_AGE_GATE_CONFLICT"
        ),
    ])
    func wrongShareFieldsAreRefusedInTheEnvelope(body: String, code: String) {
        let answer = create(body)

        #expect(answer.code == 400)
        #expect(answer.text.hasPrefix(#"{"data":null,"error":{"code":""# + code + #"","message":"#))
    }

    @Test(arguments: [200, 201])
    func reasonMayHaveTwoHundredCharacters(count: Int) {
        let reason = String(repeating: "r", count: count)

        let answer = create(
            #"{"share_fields":{"family_name":{"required":true,"reason":""# + reason + #""}}}"#)

        #expect(answer.text.contains("REASON_TOO_LONG") == (count > 200))
    }

    @Test func moreThanThirtyTwoFieldsAreTooMany() {
        let entries = (0..<33).map { #""c\#($0)":{"required":true,"reason":"x"}"# }.joined(separator: ",")

        #expect(create(#"{"share_fields":{\#(entries)}}"#).text.contains("TOO_MANY_SHARE_FIELDS"))
    }

    @Test(arguments: [
        ("https://x.example/y", 200), ("http://localhost:3000/", 200), ("http://x.example/", 400), ("x", 400),
    ])
    func redirectIsSecureOrLocal(url: String, status: Int) {
        #expect(create(#"{"redirect_url":""# + url + #""}"#).code == status)
    }

    @Test func malformedJSONIsALineOfText() {
        let answer = create("{")

        #expect(answer.code == 400)
        #expect(answer.field("Content-Type") == "text/plain; charset=UTF-8")
    }

    private func create(_ body: String) -> Answer {
        fixture.ask("POST", "/v1/sessions", contentType: "application/json", body: body)
    }
}
