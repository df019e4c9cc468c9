"""Counting instructions: the gateway under callgrind, one connection, one request at a time.

Of each kind a run of N requests and one of 2 N are counted; half of what the second has more, divided by N, is one
request. Start-up, handshake and what happens once cancel out."""
import glob
import json
import os
import re
import shutil
import subprocess

from . import pages
from .asking import open_connection, read_answer, request_bytes
from .checks import check
from .contender import Settings, contender_class
from .processes import BenchFailure
from .stage import BENCH, Stage

# Name: (over TLS, whose token, status).
WORK = {"hit-plain": (False, "acme", 200), "hit-tls": (True, "acme", 200), "401": (False, "wrong", 401),
        "429": (False, "narrow", 429), "miss": (False, "acme", 200)}
THRESHOLDS = os.path.join(BENCH, "thresholds.json")
# Another build of OpenSSL or libc, or another processor's memcpy, may cost so much more without anybody's doing.
MARGIN = 1.03


class Watched(contender_class("gateway")):
    """The gateway under callgrind."""

    def launch(self):
        self.write_configuration()
        # Valgrind cannot read the debugging information that Swift 6.3 writes; the names of functions stay.
        program = self.path("kayle-gateway")
        subprocess.run(["strip", "--strip-debug", "-o", program, self.stage.options.gateway], check=True)
        self.processes.start([
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={self.path('count')}", "--fair-sched=yes",
            program, "serve", "--config", self.path("gateway.json")])

    def dump(self):
        """Has callgrind write its counts and begin again at zero; gives the sum and the file."""
        for old in glob.glob(self.path("count*")):
            os.remove(old)
        pid = self.processes.started[0].pid
        done = subprocess.run(["vgdb", f"--pid={pid}", "dump"], capture_output=True, text=True, timeout=60)
        files = glob.glob(self.path("count*"))
        if done.returncode != 0 or len(files) != 1:
            raise BenchFailure(f"callgrind wrote no counts: {done.stderr.strip()} {files}")
        with open(files[0]) as file:
            counts = [line.split(":")[1] for line in file if line.startswith("totals:")]
        return int(counts[-1]), files[0]

    def dump_and_keep(self, name):
        """As `dump`, but the file stays until the folder goes."""
        total, file = self.dump()
        kept = self.path(f"kept.{name}")
        shutil.move(file, kept)
        return total, kept


def requests_of(stage, name, token, count):
    """The requests of one run."""
    if name != "miss":
        return [request_bytes(pages.SMALL_TARGET, token)] * count
    first = stage.next_miss()
    return [request_bytes(f"{pages.SMALL_TARGET}&starting_after=vs_live_{'k' * 50}{first + index:014d}", token)
            for index in range(count)]


def count_one(gateway, name, requests):
    """Instructions per request, and the file with the counts of the longer run."""
    stage = gateway.stage
    tls, owner, status = WORK[name]
    tokens = {tenant.name: tenant.token for tenant in stage.tenants}
    token = tokens.get(owner, stage.wrong_token)
    totals = []
    with open_connection(gateway.tls_port if tls else gateway.plain_port, tls) as connection:
        for count in (200, requests, 2 * requests):
            lines = requests_of(stage, name, token, count)
            gateway.dump()
            for line in lines:
                connection.sendall(line)
                answer = read_answer(connection)
                if answer.status != status:
                    raise BenchFailure(f"{name}: answered {answer.status} instead of {status}")
            total, file = gateway.dump_and_keep(name)
            totals.append(total)
    return (totals[2] - totals[1]) / requests, file


def functions(file, count):
    """The functions that were charged most."""
    done = subprocess.run(["callgrind_annotate", "--threshold=100", file], capture_output=True, text=True, timeout=300)
    # What callgrind interrupts when it writes is charged with everything below it; that is no function's own.
    lines = [line for line in done.stdout.splitlines() if re.search(r"\([ 0-8][0-9.]+%\)", line)]
    return "\n".join(re.sub(r" \[/\S+\]$", "", line)[:170] for line in lines[:count])


def compare(options, works):
    """Counts, prints a table, and gives the exit status: 1 when a threshold is passed."""
    missing = [name for name in ("valgrind", "vgdb") if not shutil.which(name)]
    if missing:
        raise BenchFailure(f"{', '.join(missing)} is missing: bench/install installs it")
    with open(THRESHOLDS) as file:
        thresholds = json.load(file)
    stage = Stage(options)
    gateway = None
    try:
        stage.prepare()
        gateway = Watched(stage, Settings(), options.server_cpus)
        gateway.start()
        check(gateway)
        counts = {}
        for name in works:
            counts[name], file = count_one(gateway, name, options.requests)
            if options.functions:
                print(f"\n{name}: {2 * options.requests} requests\n{functions(file, options.functions)}\n")
    finally:
        if gateway:
            gateway.stop()
        stage.close()
    return judge(counts, thresholds, options)


def judge(counts, thresholds, options):
    """Prints the table; records or judges."""
    print("| request | instructions | at most |\n|---|--:|--:|")
    for name, count in counts.items():
        print(f"| {name} | {count:,.0f} | {thresholds.get(name, 0):,} |")
    if options.record:
        thresholds.update({name: round(count * MARGIN) for name, count in counts.items()})
        with open(THRESHOLDS, "w") as file:
            json.dump(thresholds, file, indent=2)
            file.write("\n")
        return 0
    passed = [name for name, count in counts.items() if count > thresholds.get(name, 0)]
    for name in passed:
        print(f"{name} takes more instructions than thresholds.json allows: find out why, or allow them and say why")
    for name, count in counts.items():
        if count < 0.9 * thresholds.get(name, 0):
            print(f"{name} takes far fewer than allowed: lower its threshold (--record)")
    return 1 if passed else 0
