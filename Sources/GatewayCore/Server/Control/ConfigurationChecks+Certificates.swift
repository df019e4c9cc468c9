import HTTPModel

extension ConfigurationChecks {
    /// Checks that open every certificate and key, so that a mistake is found before the first handshake.
    package static var withCertificates: ConfigurationChecks {
        ConfigurationChecks { configuration in
            let keys = Secret([UInt8](repeating: 0, count: TLSContext.ticketKeyBytes).span)
            do throws(TLSFailure) {
                _ = try TLSContext(
                    certificateChain: configuration.certificateChainPath,
                    privateKey: configuration.privateKeyPath, ticketKeys: keys)
                return nil
            } catch {
                return "\(error)"
            }
        }
    }
}
