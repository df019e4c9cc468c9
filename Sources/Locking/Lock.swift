#if THREAD_SANITIZER
    import Glibc
#else
    public import Synchronization
#endif

// The one lock of this program. In every ordinary build it is the standard library's mutex and nothing
// else: the wrapper is inlined away. That mutex locks with a futex of its own, which the thread sanitizer
// cannot see, so that it would report every access to every guarded value as a race. Built for the sanitizer
// (`-D THREAD_SANITIZER`, see scripts/check) the value is guarded by a pthread mutex instead, whose order
// the sanitizer knows; it then also finds locks taken in two orders (docs/decisions/0011).

#if THREAD_SANITIZER
    /// A value that threads share, and the mutex that guards it.
    @safe
    public struct Lock<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
        // Sendable by the mutex: both pieces of memory are allocated in `init`, freed in `deinit`, and never
        // handed out; `value` is only touched by the thread that holds `mutex`.
        private let mutex: UnsafeMutablePointer<pthread_mutex_t>
        private let value: UnsafeMutablePointer<Value>

        /// Guards `value`, which nobody else may have kept a reference into.
        public init(_ value: consuming sending Value) {
            unsafe mutex = .allocate(capacity: 1)
            unsafe self.value = .allocate(capacity: 1)
            unsafe self.value.initialize(to: value)
            let result = unsafe pthread_mutex_init(mutex, nil)
            precondition(result == 0, "no mutex: error \(result)")
        }

        deinit {
            unsafe pthread_mutex_destroy(mutex)
            unsafe mutex.deallocate()
            unsafe value.deinitialize(count: 1)
            unsafe value.deallocate()
        }

        /// Runs `body` while no other thread runs one on this value. Not recursive: a body that takes the
        /// same lock waits for itself.
        public borrowing func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            unsafe pthread_mutex_lock(mutex)
            defer { unsafe pthread_mutex_unlock(mutex) }
            return try unsafe body(&value.pointee)
        }
    }
#else
    /// A value that threads share, and the mutex that guards it.
    public struct Lock<Value: ~Copyable>: ~Copyable, Sendable {
        @usableFromInline let mutex: Mutex<Value>

        /// Guards `value`, which nobody else may have kept a reference into.
        @inlinable
        public init(_ value: consuming sending Value) { mutex = Mutex(value) }

        /// Runs `body` while no other thread runs one on this value. Not recursive: a body that takes the
        /// same lock waits for itself.
        @inlinable
        public borrowing func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            try mutex.withLock(body)
        }
    }
#endif
