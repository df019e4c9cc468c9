import Glibc

/// The environment the process was started with. Boundary: `getenv` is called here only, and nobody calls
/// `setenv`, so what it points to stays.
package enum EnvironmentVariable {
    /// The value of a variable; `nil` if it is not set. A copy: whoever reads a secret from it cannot wipe
    /// the original, which the kernel shows in /proc for as long as the process lives.
    package static func value(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(validatingCString: value)
    }
}
