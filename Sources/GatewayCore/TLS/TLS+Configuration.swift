package import Settings

/// The certificate a listener shows. Protocol versions and ciphers are not settings: the safe ones are few.
package struct TLSConfiguration: Sendable, Hashable {
    /// Path of the certificate in PEM, followed by those of its issuers.
    package let certificateChainPath: String
    /// Path of the certificate's private key in PEM.
    package let privateKeyPath: String

    /// Reads `listeners[].tls`.
    ///
    /// - Parameter whyUnusable: Why a certificate and key of readable files cannot serve, as a sentence that
    ///   says what is allowed.
    package init(reading section: SettingsSection, whyUnusable: (TLSConfiguration) -> String?) {
        certificateChainPath = section.required(
            "certificate_chain", .readableFile, "The certificate in PEM, followed by those of its issuers.")
        privateKeyPath = section.required(
            "private_key", .readableFile, "The private key of the certificate in PEM.")
        if !section.isFaulty("certificate_chain"), !section.isFaulty("private_key"),
            !certificateChainPath.isEmpty, let reason = whyUnusable(self)
        {
            section.mistake("certificate_chain", reason)
        }
    }
}
