import Foundation

/// What a stand-in is made of: its data, its keys, its address.
public struct StandInConfiguration: Sendable {
    /// One customer of the upstream: rows that no other organization's key can see.
    public struct Organization: Sendable {
        /// A name for the reader, from which its data follows; never part of an answer.
        public let name: String
        /// Its API keys, of the documented shape `kk_` and 32 characters; any text without a space works.
        public let keys: [String]
        /// How many sessions it begins with.
        public let sessionCount: Int

        /// An organization with `sessionCount` seeded sessions, visible under each of `keys`.
        public init(name: String, keys: [String], sessionCount: Int = 100) {
            self.name = name
            self.keys = keys
            self.sessionCount = sessionCount
        }
    }

    /// How large a seeded row is.
    public enum RowSize: Sendable {
        /// The documented mix: 500 to 1 700 bytes, 1 080 on average; a page of ten is about 11 KB.
        case documented
        /// One claim only, about 550 bytes; a page of ten is about 5.6 KB.
        case small
    }

    /// From which all data follows.
    public var seed: UInt64 = 1
    /// The organizations, each with its own keys.
    public var organizations: [Organization]
    /// The size of seeded rows.
    public var rowSize = RowSize.documented
    /// The newest moment in the seeded data, in seconds since 1970: active sessions lie within the last fifty
    /// minutes before it, ended ones within the last thirty days. `nil` takes the clock's time at the start.
    /// Two stand-ins with equal seed and equal reference hold equal bytes.
    public var referenceUnixSeconds: Int64?
    /// The TCP port on 127.0.0.1; 0 lets the kernel choose.
    public var port: UInt16 = 0
    /// How many requests the record keeps; older ones are forgotten, the alarms never.
    public var recordCapacity = 10_000
    /// Whether every state that the rows were in is remembered, for tests that hold old answers against them.
    public var remembersStates = false
    /// Texts that must never arrive: a request whose head holds one is kept as an alarm for good. The default
    /// is what every token of the gateway begins with.
    public var alarmTexts = ["kgw_"]
    /// The clock, in microseconds since 1970: for creation times, lazy expiry and the `Date` field.
    public var now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000_000) }

    /// A configuration with these organizations and defaults for the rest.
    public init(seed: UInt64 = 1, organizations: [Organization]) {
        self.seed = seed
        self.organizations = organizations
    }

    /// Two organizations with one key each, for a demonstration.
    public static let demonstration = StandInConfiguration(organizations: [
        Organization(name: "acme", keys: ["kk_acme0000000000000000000000000000"], sessionCount: 250),
        Organization(name: "globex", keys: ["kk_globex00000000000000000000000000"], sessionCount: 120),
    ])
}
