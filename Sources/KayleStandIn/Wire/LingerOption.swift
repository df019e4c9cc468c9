import FlyingSocks
import Glibc

/// `SO_LINGER` with a time of zero: closing then resets the connection and throws away what was not sent.
struct LingerOption: SocketOption {
    /// The option's name within `SOL_SOCKET`.
    let name = SO_LINGER

    /// The seconds of a value read back.
    func makeValue(from socketValue: linger) -> Int32 {
        socketValue.l_linger
    }

    /// Switched on, with `value` seconds.
    func makeSocketValue(from value: Int32) -> linger {
        linger(l_onoff: 1, l_linger: value)
    }
}
