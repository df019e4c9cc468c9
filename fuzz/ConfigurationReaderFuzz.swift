import Settings

/// Arbitrary bytes as a configuration: reading never traps, and what reads as JSON is written in a form that
/// reads as the same tree and is written the same again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzConfigurationReader(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do throws(SettingsFailure) {
        let configuration = try ConfigurationLoader.read(bytes, file: "fuzz/gateway.json", world: .unchecked)
        precondition(!configuration.summary.isEmpty, "a configuration without a summary")
    } catch {
        precondition(!error.description.isEmpty, "a refusal without a text")
    }
    if let document = try? JSONDocument(bytes) {
        let written = JSONText.pretty(document.root)
        guard let second = try? JSONDocument(written) else {
            preconditionFailure("what was written does not read: \(String(decoding: written, as: UTF8.self))")
        }
        precondition(second == document, "what was written reads as another tree")
        precondition(JSONText.pretty(second.root) == written, "one tree is written in two forms")
    }
    return 0
}
