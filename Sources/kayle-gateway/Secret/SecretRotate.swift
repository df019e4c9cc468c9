import ArgumentParser
import GatewayCore
import Settings

/// `secret rotate`: a new pepper beside the old one, and everything sealed anew under it.
struct SecretRotate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Put a new pepper before the old one and seal everything in the store anew.",
        discussion: "Tokens issued before stay good under the old pepper. When none is left, "
            + "--retire takes out the peppers that nothing needs.")

    @Flag(help: "Instead, take out the old peppers that no token needs any more.")
    var retire = false

    @OptionGroup var options: CommandOptions

    func run() throws {
        let rotation = try options.edit { (editor) throws(AccessFailure) in
            try retire ? editor.retirePeppers() : editor.rotatePepper()
        }
        if options.json {
            return try options.print(
                .object([
                    "peppers": .array(rotation.peppers.map { .string($0) }),
                    "sealed": .integer(Int64(rotation.sealedCount)),
                    "retired": .array(rotation.retired.map { .string($0) }),
                ])
            ) { "" }
        }
        for pepper in rotation.retired { StandardStream.error.writeLine("retired the pepper \(pepper)") }
        if !retire { StandardStream.error.writeLine("sealed \(rotation.sealedCount) values anew") }
        StandardStream.error.writeLine(
            "peppers, the newest first: \(rotation.peppers.joined(separator: ", "))")
    }
}
