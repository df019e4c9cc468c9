"""All work items, in the order of the report."""
from .fairness import Fairness
from .handshakes import Handshake, HandshakeResumed, HandshakeRSA
from .hits import Hit, HitHTTP2, HitLarge, HitPipelined, HitSlice, HitSliceFiltered, HitSliceOfLarge, HitTLS, HitTLSVaried, HitVaried
from .logs import Log
from .memory import CacheMemory, IdleMemory
from .misses import Miss, MissFilling
from .refusals import Limited, Unauthorized
from .start import Start
from .syscalls import Syscalls, SyscallsPipelined, SyscallsTLS
from .workers import Workers, WorkersPipelined, WorkersTLS

ALL = (HitTLS, Hit, HitTLSVaried, HitVaried, HitSlice, HitSliceFiltered, HitSliceOfLarge, HitPipelined, HitHTTP2, Miss, MissFilling, HitLarge, Handshake, HandshakeRSA, HandshakeResumed, Unauthorized, Limited, IdleMemory, CacheMemory, Start,
       WorkersTLS, Workers, WorkersPipelined, Log, Fairness, Syscalls, SyscallsTLS, SyscallsPipelined)
