enum WorkerMessage: Sendable { case drain }
