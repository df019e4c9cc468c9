"""What every work item is: a name, a sentence, the contenders it can be asked of, and one measurement."""
from .contender import Settings


class Work:
    """The base of all work items."""

    name = ""
    title = ""
    # Set-up of the contenders; one work item may measure the same contender in several.
    settings = Settings()
    # Columns of the table: (field, heading, digits).
    columns = (("cpu_us", "CPU µs per request", 2), ("rps", "requests/s", 0), ("p50_us", "p50 µs", 0), ("p99_us", "p99 µs", 0))
    # The field whose ratios are shown: to the best peer and to the floor.
    compared = "cpu_us"
    # How often each contender is measured; None: as the options say.
    runs = None
    # Whether every contender is started anew for it.
    fresh = False
    note = ""

    def __init__(self, bench):
        self.bench, self.stage, self.options = bench, bench.stage, bench.options

    def entries(self, names):
        """(contender name, settings) of everybody who is measured, in order."""
        return [(name, self.settings) for name in names]

    def measure(self, contender):
        """One run: a dictionary of figures."""
        raise NotImplementedError

    def processor_time_of(self, contender, load):
        """Runs a load and adds the contender's CPU time per request to its figures."""
        contender.processes.check_alive()
        before = contender.processes.processor_time()
        figures = load()
        used = contender.processes.processor_time() - before
        contender.processes.check_alive()
        return {**figures, "cpu_us": used / figures["requests"] / 1000}
