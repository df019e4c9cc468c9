import HTTPModel
import Testing

struct StatusTests {
    @Test func answersWithoutContentAreThoseOfTheRFC() {
        let codes = (100...599).map { Status(rawValue: $0) }.filter(\.forbidsContent).map(\.rawValue)

        #expect(codes == Array(100...199) + [204, 304])
    }

    @Test func interimAnswersAreThoseBelowTwoHundred() {
        #expect((100...599).allSatisfy { Status(rawValue: $0).isInformational == ($0 < 200) })
    }

    /// Every status the gateway makes by itself.
    @Test(arguments: [
        Status.continue, .ok, .noContent, .notModified, .badRequest, .unauthorized, .forbidden, .notFound,
        .methodNotAllowed, .requestTimeout, .contentTooLarge, .uriTooLong, .tooManyRequests, .headersTooLarge,
        .internalServerError, .notImplemented, .badGateway, .serviceUnavailable, .gatewayTimeout,
        .versionNotSupported,
    ])
    func whatWeSayByOurselvesHasAPhrase(status: Status) {
        #expect(status.reasonPhrase.utf8CodeUnitCount > 0)
    }

    @Test func noTwoCodesHaveOnePhrase() {
        let phrases = (UInt16(0)...999).map { "\(Status(rawValue: $0).reasonPhrase)" }.filter { !$0.isEmpty }

        #expect(Set(phrases).count == phrases.count)
    }

    @Test func aStatusThatIsNeverSentHasNoPhrase() {
        #expect(Status.clientGone.reasonPhrase.utf8CodeUnitCount == 0)
    }
}
