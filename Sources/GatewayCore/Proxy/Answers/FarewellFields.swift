import HTTPModel

/// Writes what answers say of the end of a client's token. The date of the latest one is kept, so that a
/// client that goes on using its token costs no calendar for each answer.
struct FarewellFields: ~Copyable {
    private var sunsetUnixSeconds: Int64 = -1
    private var sunset: [UInt8] = []

    /// Appends both lines, or nothing if nothing is said. RFC 9745 §2.1: `Deprecation` is a structured date;
    /// RFC 8594 §3: `Sunset` is an HTTP date.
    mutating func append(_ farewell: TokenFarewell, to fields: inout ByteBuffer) {
        guard farewell.isSaid else { return }
        if farewell.sunsetUnixSeconds != sunsetUnixSeconds {
            sunsetUnixSeconds = farewell.sunsetUnixSeconds
            sunset = HTTPDate(unixSeconds: sunsetUnixSeconds).bytes
        }
        fields.append("Deprecation: @")
        fields.append(decimal: UInt64(clamping: farewell.deprecatedUnixSeconds))
        fields.append("\r\nSunset: ")
        fields.append(sunset.span)
        fields.append("\r\n")
    }
}
