"""Start until the first answer, with a thousand tenants."""
import time

from harness.asking import ask
from harness import pages
from harness.contender import contender_class
from harness.processes import BenchFailure
from harness.work import Work

TENANTS = 1_000


class Start(Work):
    name = "start"
    title = f"Start until ready, {TENANTS:,} tenants"
    columns = (("ready_ms", "ms until the first answer", 1), ("cpu_ms", "CPU ms", 1), ("rss_mib", "resident, MiB", 1))
    compared = "ready_ms"
    note = ("From before the fork to the first answered request (a refusal); whoever starts a process pays some milliseconds for it. Resident as"
            " the process list shows it, shared libraries included.")

    def measure(self, contender):
        # A contender of its own beside the one that the runner keeps: started and ended here.
        fresh = contender_class(contender.name)(self.stage, contender.settings, self.options.server_cpus)
        fresh.tenants = self.stage.tenants + self.stage.crowd(TENANTS - len(self.stage.tenants))
        try:
            start = time.monotonic()
            fresh.launch()
            launched = time.monotonic()
            status = None
            while status is None:
                try:
                    status = ask(fresh.plain_port, pages.SMALL_TARGET, self.stage.wrong_token).status
                except OSError:
                    fresh.processes.check_alive()
                    if time.monotonic() - start > 60:
                        raise BenchFailure(f"{contender.name} did not answer within a minute") from None
                    time.sleep(0.0005)
            ready = time.monotonic()
            begun = fresh.processes.started_at
            if status != 401:
                raise BenchFailure(f"{contender.name} answered {status} to a wrong token")
            return {"ready_ms": (ready - begun) * 1000, "cpu_ms": fresh.processes.processor_time() / 1e6,
                    "rss_mib": fresh.processes.full_resident_bytes() / 1024 / 1024, "launch_ms": (launched - start) * 1000}
        finally:
            fresh.stop()
