import COpenSSL

/// Encrypts small secrets for files that may be read by others than the gateway: AES-256-GCM under one key.
///
/// A sealed text is a version byte, a random nonce of 12 bytes, the ciphertext and a tag of 16 bytes. It is
/// bound to a context (whose secret it is, and what for): moved to another place in a file, it does not open.
/// Random nonces are sound for 2³² seals under one key (NIST SP 800-38D §8.3); people seal by hand.
@safe
package final class SealingKey: Sendable {
    private static let version: UInt8 = 1
    private static let nonceCount = 12
    private static let tagCount = 16
    /// Longer than any credential; keeps every length far inside the Int32 that OpenSSL counts with.
    private static let maximumPlaintextBytes = 65_536

    private let key: Secret

    /// Takes a key of 32 bytes.
    package init(_ key: Secret) {
        precondition(key.count == 32, "a sealing key of \(key.count) bytes")
        self.key = key
    }

    /// Seals a secret for a context. `randomness` must be the system's outside of tests.
    package func seal(
        _ secret: Secret, for context: SealingContext, randomness: inout some RandomNumberGenerator
    ) -> [UInt8] {
        precondition(secret.count <= Self.maximumPlaintextBytes, "\(secret.count) bytes to seal")
        var nonce: [UInt8] = []
        for _ in 0..<Self.nonceCount { nonce.append(UInt8.random(in: 0...255, using: &randomness)) }
        var plaintext = secret.withBytes { bytes in
            var copy: [UInt8] = []
            copy.reserveCapacity(bytes.count)
            for index in 0..<bytes.count { copy.append(bytes[index]) }
            return copy
        }
        defer { Secret.wipe(&plaintext) }
        let sealed = crypt(.encrypt, plaintext, nonce: nonce, tag: [], context: context)
        guard let sealed else { preconditionFailure("AES-256-GCM is missing: \(TLSFailure.drainReason())") }
        return [Self.version] + nonce + sealed
    }

    /// Opens what `seal` made; `nil` if the key or the context is another one, or a single bit has changed.
    package func open(_ sealed: [UInt8], for context: SealingContext) -> Secret? {
        let overhead = 1 + Self.nonceCount + Self.tagCount
        guard sealed.count >= overhead, sealed.count <= overhead + Self.maximumPlaintextBytes,
            sealed[0] == Self.version
        else { return nil }
        let nonce = Array(sealed[1...Self.nonceCount])
        let tag = Array(sealed[(sealed.count - Self.tagCount)...])
        let ciphertext = Array(sealed[(1 + Self.nonceCount)..<(sealed.count - Self.tagCount)])
        guard var plaintext = crypt(.decrypt, ciphertext, nonce: nonce, tag: tag, context: context) else {
            // A wrong tag leaves an entry in this thread's error queue, where TLS would find it.
            ERR_clear_error()
            return nil
        }
        defer { Secret.wipe(&plaintext) }
        return Secret(plaintext.span)
    }

    private enum Direction: Int32 {
        case decrypt = 0
        case encrypt = 1
    }

    /// One pass of AES-256-GCM: encrypting gives ciphertext and tag, decrypting gives the plaintext if the
    /// tag is right, and `nil` otherwise.
    private func crypt(
        _ direction: Direction, _ input: [UInt8], nonce: [UInt8], tag: [UInt8], context: SealingContext
    ) -> [UInt8]? {
        guard let cipher = unsafe EVP_CIPHER_CTX_new() else { return nil }
        // The context is ours until here; freeing it wipes its key schedule.
        defer { unsafe EVP_CIPHER_CTX_free(cipher) }
        let associated = context.bytes
        var output = [UInt8](repeating: 0, count: input.count)
        var written: Int32 = 0
        // Key and nonce have the lengths the cipher demands (32, and GCM's default of 12); every other length
        // is passed along with its array.
        let isStarted = key.withBytes { key in
            unsafe key.withUnsafeBufferPointer { key in
                unsafe EVP_CipherInit_ex(
                    cipher, EVP_aes_256_gcm(), nil, key.baseAddress, nonce, direction.rawValue)
            }
        }
        guard isStarted == 1,
            unsafe EVP_CipherUpdate(cipher, nil, &written, associated, Int32(associated.count)) == 1,
            unsafe EVP_CipherUpdate(cipher, &output, &written, input, Int32(input.count)) == 1
        else { return nil }
        var tag = tag
        if direction == .decrypt {
            guard unsafe EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1
            else { return nil }
        }
        // GCM is a stream mode: finishing writes no byte, but wants room to be named.
        var rest = [UInt8](repeating: 0, count: 16)
        guard unsafe EVP_CipherFinal_ex(cipher, &rest, &written) == 1 else {
            Secret.wipe(&output)
            return nil
        }
        guard direction == .encrypt else { return output }
        tag = [UInt8](repeating: 0, count: Self.tagCount)
        guard unsafe EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag) == 1 else {
            return nil
        }
        return output + tag
    }
}

/// Whose secret a sealed text is and what it is for.
package struct SealingContext: Sendable, Hashable {
    /// The tenant.
    package let tenant: String
    /// The setting that holds the sealed text.
    package let field: String

    /// Makes a context.
    package init(tenant: String, field: String) {
        self.tenant = tenant
        self.field = field
    }

    /// The context as associated data. Each part ends with a NUL, which neither can hold, so that no two
    /// contexts give the same bytes.
    fileprivate var bytes: [UInt8] {
        precondition(!tenant.utf8.contains(0) && !field.utf8.contains(0), "NUL in a sealing context")
        return Array("kayle-gateway seal 1\0\(tenant)\0\(field)\0".utf8)
    }
}
