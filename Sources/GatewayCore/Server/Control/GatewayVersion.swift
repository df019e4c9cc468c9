/// The version of this gateway, for the command and the metric that tell it.
package enum GatewayVersion {
    /// The version by the rules of semantic versioning; CHANGELOG.md says what it brings.
    package static let text = "0.1.0"
}
