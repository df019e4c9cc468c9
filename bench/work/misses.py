"""Answers that must be fetched."""
import os
import time

from harness import pages
from harness.load import wrk
from harness.processes import BenchFailure
from harness.stage import BENCH
from harness.work import Work


class Miss(Work):
    name = "miss"
    title = "Proxied miss, plain, kept in the cache"
    note = ("Every query is new: one request to the upstream each, over kept connections. Upstream and load share a processor. The cache is full"
            " when it is measured: for each answer that comes another one goes.")
    # More answers of 5.6 KB than any cache has room for, and the longest that a contender may take to be asked for them, in seconds.
    filling = 60_000
    longest_filling = 10

    def measure(self, contender):
        before = self.stage.origin_count()
        deadline = time.monotonic() + self.longest_filling
        while self.filling and not contender.is_full and self.stage.origin_count() - before < self.filling:
            if time.monotonic() > deadline:
                break
            self.ask(contender, 1)
        contender.is_full = True
        before = self.stage.origin_count()
        figures = self.processor_time_of(contender, lambda: self.ask(contender, self.options.seconds))
        asked = self.stage.origin_count() - before
        if asked < figures["requests"]:
            raise BenchFailure(f"{contender.name} answered {figures['requests']} misses with {asked} fetches")
        return figures

    def ask(self, contender, seconds):
        """As many misses as the contender answers in so many seconds."""
        return wrk(
            self.options.load_cpus, f"http://127.0.0.1:{contender.plain_port}", pages.SMALL_TARGET,
            self.stage.tenants[0].token, seconds, self.options.connections,
            script=os.path.join(BENCH, "load", "distinct.lua"), arguments=(pages.SMALL_TARGET, self.stage.next_miss()))


class MissFilling(Miss):
    """The same while the memory of the cache is taken for the first time."""

    name = "miss-filling"
    title = "Proxied miss, plain, while the cache fills for the first time"
    note = ("One second after a start. HAProxy takes the memory of its cache, page by page, when it starts (see there); the others when it is"
            " needed, and what a page costs then depends on the host.")
    filling = 0
    fresh = True
    runs = 1
