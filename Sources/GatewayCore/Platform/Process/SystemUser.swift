import Glibc

/// The system's user behind this process: who changes tenants and tokens. Boundary: getuid and getpwuid, on
/// the only thread of a command.
package struct SystemUser: Sendable, Hashable {
    /// The number.
    package let id: UInt32
    /// The name, if the system knows one.
    package let name: String?
    /// Who became that user by sudo, as sudo tells.
    package let invoker: String?

    /// The user of this process.
    package static var current: SystemUser {
        let id = getuid()
        var name: String?
        // The entry belongs to the C library until the next call; it is copied at once.
        if let entry = unsafe getpwuid(id), let text = unsafe entry.pointee.pw_name {
            name = unsafe String(validatingCString: text)
        }
        return SystemUser(id: id, name: name, invoker: EnvironmentVariable.value("SUDO_USER"))
    }
}
