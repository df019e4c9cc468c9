import Foundation
import Testing

@testable import GatewayCore

struct SystemUserTests {
    @Test func theUserIsThatOfTheProcess() {
        let user = SystemUser.current

        #expect(user.id == getuid())
        #expect(user.name == NSUserName())
    }
}
