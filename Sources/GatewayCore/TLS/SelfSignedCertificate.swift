import CGatewayShims
import COpenSSL
import HTTPModel

/// A certificate that vouches for itself: for the demo and the tests, where no authority is at hand.
///
/// Boundary file for key generation and X509 building. ECDSA on P-256, names `localhost` and the loopback
/// addresses, valid for 30 days.
package enum SelfSignedCertificate {
    private static let lifeSeconds = 30 * 86_400

    /// Makes a key and its certificate, both as PEM.
    package static func make() throws(TLSFailure) -> (certificate: [UInt8], privateKey: Secret) {
        ERR_clear_error()
        guard let key = unsafe gw_generate_p256_key() else { throw .library(TLSFailure.drainReason()) }
        defer { unsafe EVP_PKEY_free(key) }
        guard let certificate = unsafe X509_new() else { throw .library(TLSFailure.drainReason()) }
        defer { unsafe X509_free(certificate) }
        let name = unsafe X509_get_subject_name(certificate)
        var serial: Int64 = 0
        _ = unsafe RAND_bytes(&serial, 7)
        guard unsafe X509_set_version(certificate, 2) == 1,
            unsafe ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), serial.magnitude.signed) == 1,
            unsafe X509_gmtime_adj(X509_getm_notBefore(certificate), -300) != nil,
            unsafe X509_gmtime_adj(X509_getm_notAfter(certificate), lifeSeconds) != nil,
            unsafe X509_set_pubkey(certificate, key) == 1,
            unsafe X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, "localhost", -1, -1, 0) == 1,
            unsafe X509_set_issuer_name(certificate, name) == 1,
            unsafe addExtension(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1"),
            unsafe addExtension(certificate, NID_basic_constraints, "critical,CA:TRUE"),
            unsafe X509_sign(certificate, key, EVP_sha256()) > 0
        else { throw .library(TLSFailure.drainReason()) }
        let certificatePEM = try unsafe pem { unsafe PEM_write_bio_X509($0, certificate) == 1 }
        var keyPEM = try unsafe pem {
            unsafe PEM_write_bio_PKCS8PrivateKey($0, key, nil, nil, 0, nil, nil) == 1
        }
        defer { for index in keyPEM.indices { keyPEM[index] = 0 } }
        return (certificatePEM, Secret(keyPEM.span))
    }

    private static func addExtension(_ certificate: OpaquePointer, _ kind: Int32, _ value: String) -> Bool {
        guard let made = unsafe X509V3_EXT_conf_nid(nil, nil, kind, value) else { return false }
        defer { unsafe X509_EXTENSION_free(made) }
        return unsafe X509_add_ext(certificate, made, -1) == 1
    }

    /// Collects what `write` puts into a memory BIO.
    private static func pem(_ write: (OpaquePointer) -> Bool) throws(TLSFailure) -> [UInt8] {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { throw .library(TLSFailure.drainReason()) }
        defer { unsafe BIO_free_all(bio) }
        guard unsafe write(bio) else { throw .library(TLSFailure.drainReason()) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1_024)
        // A memory BIO gives all it has and then -1; a key or certificate is a few of these pieces.
        while true {
            let count = unsafe BIO_read(bio, &piece, Int32(piece.count))
            if count <= 0 { return bytes }
            bytes.append(contentsOf: piece[..<Int(count)])
        }
    }
}

extension UInt64 {
    /// The same number as a signed one, without its top bit.
    fileprivate var signed: Int64 { Int64(self & 0x7FFF_FFFF_FFFF_FFFF) }
}
