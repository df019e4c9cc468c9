import ArgumentParser

/// `token`: the life of what clients show.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Issue, list, rotate, revoke and remove tokens.",
        subcommands: [
            TokenIssue.self, TokenList.self, TokenRevoke.self, TokenRotate.self,
            TokenRemove.self,
        ])
}
