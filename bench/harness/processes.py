"""Starting programs, reading what they used, and ending them: those started here and no others."""
import ctypes
import os
import signal
import subprocess
import sys
import time

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


# A child asks the kernel to end it when its parent is gone, however that happened.
PARENT_DEATH_SIGNAL = 1
LIBC = ctypes.CDLL(None)


class BenchFailure(Exception):
    """Something that makes the whole run worthless, in one sentence."""


def children_of(pid):
    """Every process below one, and itself."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    parents[int(name)] = int(file.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def processor_time(pid):
    """Nanoseconds on a processor of a process with its children: the living threads to the nanosecond, children that
    were ended and waited for to the clock tick. None if the process is gone."""
    total = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            try:
                with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                    total += int(file.read().split()[0])
            except OSError:
                pass
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return total + (int(fields[13]) + int(fields[14])) * 1_000_000_000 // CLOCK_TICKS


def resident_bytes(pid):
    """Resident memory of one process that is its own: private pages and its share of the common ones."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def full_resident_bytes(pid):
    """Resident memory of one process as `ps` shows it, shared libraries included."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class Starved(BenchFailure):
    """A run in which nothing was done, for want of a processor: it counts as none."""


class Processes:
    """The processes of one contender or load, started in order and ended in reverse."""

    def __init__(self, name, folder, cpus):
        self.name, self.folder, self.cpus, self.started = name, folder, cpus, []
        self.started_at = None
        # Words before every command: a program that watches it.
        self.prefix = []

    def start(self, words, environment=None, output=None):
        """Starts a program pinned to the processors of this group; its messages go to a file of the stage."""
        log = open(os.path.join(self.folder, f"{self.name}.log"), "ab")
        self.started_at = self.started_at or time.monotonic()
        try:
            process = subprocess.Popen(
                [str(word) for word in [*self.prefix, *words]], cwd=self.folder, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if output else log, stderr=log,
                env={**os.environ, **(environment or {})},
                preexec_fn=self.become_child)
        except FileNotFoundError:
            raise BenchFailure(f"{words[0]} is missing: bench/install installs what is needed") from None
        finally:
            log.close()
        self.started.append(process)
        return process

    def become_child(self):
        """Runs in the child, before the program."""
        os.sched_setaffinity(0, self.cpus)
        LIBC.prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)

    def pids(self):
        """Every living process of the group."""
        return [pid for process in self.started if process.poll() is None for pid in children_of(process.pid)]

    def processor_time(self):
        """Nanoseconds on a processor of the whole group so far."""
        return sum(processor_time(pid) for pid in self.pids())

    def resident_bytes(self):
        """Proportional resident memory of the whole group."""
        return sum(resident_bytes(pid) for pid in self.pids())

    def full_resident_bytes(self):
        """Resident memory of the whole group as the process list shows it."""
        return sum(full_resident_bytes(pid) for pid in self.pids())

    def check_alive(self):
        """Refuses to go on when a program of the group has ended by itself."""
        for process in self.started:
            if process.poll() is not None:
                raise BenchFailure(f"{self.name} ended with {process.returncode}: {self.tail()}")

    def tail(self):
        """The last messages of the group, for a failure's sentence."""
        try:
            with open(os.path.join(self.folder, f"{self.name}.log"), errors="replace") as file:
                return " / ".join(file.read().strip().splitlines()[-5:])
        except OSError:
            return "no messages"

    def stop(self):
        """Ends everything that was started: politely, after five seconds by force."""
        for process in reversed(self.started):
            members = children_of(process.pid) if process.poll() is None else []
            if members:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    for member in members:
                        try:
                            os.kill(member, signal.SIGKILL)
                        except ProcessLookupError:
                            pass
                    process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()
        self.started = []


def end_orderly():
    """Has SIGTERM end the program as an error does, so that everything started is ended on the way out."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def wait_until(condition, seconds, what, pause=0.005):
    """Waits for a condition, and fails with a sentence when it does not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise BenchFailure(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)
