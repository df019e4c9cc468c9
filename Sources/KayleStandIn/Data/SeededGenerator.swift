/// A small generator whose whole sequence follows from a seed and a stream name.
///
/// The stand-in's data must be the same in every run and on every machine, so that a failing test can be
/// repeated from the seed it printed; the system generator cannot promise that. Not for secrets.
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts the sequence of `stream` under `seed`: two streams of one seed have nothing in common, so that
    /// adding an organization leaves the data of the others as it was.
    init(seed: UInt64, stream: String) {
        var mixed: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
        for byte in stream.utf8 { mixed = (mixed ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        state = mixed
    }

    /// The next 64 bits: a counter with an odd step, scrambled so that neighbours share no pattern.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// `count` characters of `[a-z0-9]`, the alphabet of Kayle's identifiers.
    mutating func characters(_ count: Int) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let bytes = (0..<count).map { _ in alphabet[Int(next() % UInt64(alphabet.count))] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// An identifier of the documented shape: `prefix`, an underscore and 64 random characters.
    mutating func identifier(_ prefix: String) -> String {
        prefix + "_" + characters(64)
    }
}
