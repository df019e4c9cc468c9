"""All work items, in the order of the report."""
from .hits import Hit, HitLarge, HitPipelined, HitTLS
from .misses import Miss
from .refusals import Limited, Unauthorized

ALL = (HitTLS, Hit, HitPipelined, Miss, HitLarge, Unauthorized, Limited)
