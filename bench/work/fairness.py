"""A client beside another that pipelines as fast as it can."""
import os
import subprocess
import time

from harness import pages
from harness.load import wrk
from harness.processes import BenchFailure
from harness.stage import BUILD
from harness.work import Work


class Fairness(Work):
    name = "fairness"
    title = "A client beside one that pipelines as fast as it can"
    columns = (("p99_us", "p99 µs beside the flood", 0), ("p50_us", "p50 µs", 0), ("rps", "requests/s", 0),
               ("alone_p99_us", "p99 µs alone", 0), ("alone_p50_us", "p50 µs alone", 0))
    compared = "p99_us"
    note = ("Four plain connections, one request at a time each, of one tenant; the flood is one plain connection of another. Both share the load's"
            " processor, the flood with less weight, so that what the victim waits for is the contender.")

    def measure(self, contender):
        acme, beta = self.stage.tenants[0], self.stage.tenants[1]
        origin, seconds = f"http://127.0.0.1:{contender.plain_port}", self.options.seconds
        cpus = ",".join(str(cpu) for cpu in sorted(self.options.load_cpus))
        alone = wrk(self.options.load_cpus, origin, pages.SMALL_TARGET, acme.token, seconds, 4)
        flood = subprocess.Popen(
            ["nice", "-n", "15", "taskset", "-c", cpus, os.path.join(BUILD, "flood"), str(contender.plain_port), pages.SMALL_TARGET,
             beta.token, str(seconds + 1)], stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        beside = wrk(self.options.load_cpus, origin, pages.SMALL_TARGET, acme.token, seconds, 4)
        received, _ = flood.communicate(timeout=30)
        if flood.returncode != 0 or int(received) < 10 * pages.SMALL_BYTES:
            raise BenchFailure(f"{contender.name}: the flood was sent {received.strip()} bytes only")
        return {**beside, "alone_p50_us": alone["p50_us"], "alone_p99_us": alone["p99_us"], "flood_bytes": int(received)}
