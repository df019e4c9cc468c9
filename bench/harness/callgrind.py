"""Counting instructions: the gateway under callgrind, one connection, one request at a time.

Of each kind runs of N requests and of 2 N are counted in turn, and the least of either kept: timers and the clock's digits only add.
What the longer has more, divided by N, is one request; whatever happens once per run cancels out."""
import glob
import json
import os
import re
import shutil
import subprocess

from . import pages, refused
from .asking import open_connection, read_answer, record_answers, request_bytes
from .checks import check
from .contender import Settings, contender_class
from .processes import BenchFailure
from .stage import BENCH, Stage

# Name: (over TLS, whose token, status).
WORK = {"hit-plain": (False, "acme", 200), "hit-slice": (False, "acme", 200), "hit-tls": (True, "acme", 200), "401": (False, "wrong", 401),
        "429": (False, "narrow", 429), "miss": (False, "acme", 200)}
# Every other way in which a token can be refused; "401" is that of a revoked one.
WORK.update({f"401-{kind}": (False, kind, 401) for kind in refused.KINDS})
THRESHOLDS = os.path.join(BENCH, "thresholds.json")
# How often each run is counted.
REPETITIONS = 3
# Another build of OpenSSL or libc, or another processor's memcpy, may cost so much more without anybody's doing.
MARGIN = 1.03
# All refusals of a token must cost the same but for so much: a second checksum, a comparison of dates, a member more in the
# log. Less than the hash (4,000 here), a look-up and half of what a log line costs.
ALIKE = 1.06
# A miss waits for sockets, and how often it wakes for one answer is chance.
MISS_MARGIN = 1.08


class Watched:
    """A running contender under callgrind."""

    def __init__(self, name, stage):
        self.stage = stage
        self.contender = contender_class(name)(stage, Settings(), stage.options.server_cpus)
        self.contender.processes.prefix = [
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={self.contender.path('count')}", "--fair-sched=yes"]
        self.contender.start()

    def counts(self, kept_as=None):
        """Has callgrind write its counts and begin again at zero; gives the sum, and the file under another name."""
        path = self.contender.path
        for old in glob.glob(path("count*")):
            os.remove(old)
        pid = self.contender.processes.started[0].pid
        done = subprocess.run(["vgdb", f"--pid={pid}", "dump"], capture_output=True, text=True, timeout=60)
        files = glob.glob(path("count*"))
        if done.returncode != 0 or len(files) != 1:
            raise BenchFailure(f"callgrind wrote no counts: {done.stderr.strip()} {files}")
        with open(files[0]) as file:
            counts = [line.split(":")[1] for line in file if line.startswith("totals:")]
        if kept_as:
            shutil.move(files[0], path(kept_as))
        return int(counts[-1]), path(kept_as or "")


def requests_of(stage, name, token, count):
    """The requests of one run."""
    if name == "hit-slice":
        return [request_bytes(pages.SLICE_TARGET, token)] * count
    if name != "miss":
        return [request_bytes(pages.SMALL_TARGET, token)] * count
    first = stage.next_miss()
    return [request_bytes(f"{pages.SMALL_TARGET}&starting_after=vs_live_{'k' * 50}{first + index:014d}", token)
            for index in range(count)]


def count_one(watched, name, requests):
    """Instructions per request, and the file with the counts of a longer run."""
    stage, contender = watched.stage, watched.contender
    tls, owner, status = WORK[name]
    tokens = {tenant.name: tenant.token for tenant in stage.tenants} | stage.refused
    token = tokens.get(owner, stage.wrong_token)
    least = {requests: None, 2 * requests: None}
    with open_connection(contender.tls_port if tls else contender.plain_port, tls) as connection:
        # The first run warms up.
        for count in [200] + [requests, 2 * requests] * REPETITIONS:
            lines = requests_of(stage, name, token, count)
            watched.counts()
            for line in lines:
                connection.sendall(line)
                answer = read_answer(connection)
                if answer.status != status:
                    raise BenchFailure(f"{name}: answered {answer.status} instead of {status}")
                if name == "hit-slice" and "page-slice" not in answer.fields["cache-status"]:
                    raise BenchFailure(f"{name}: {answer.fields['cache-status']}")
            total, file = watched.counts(kept_as=f"kept.{name}")
            if count in least:
                least[count] = min(total, least[count] or total)
    return (least[2 * requests] - least[requests]) / requests, file


def functions(file, count):
    """The functions that were charged most."""
    done = subprocess.run(["callgrind_annotate", "--threshold=100", file], capture_output=True, text=True, timeout=300)
    # What callgrind interrupts when it writes is charged with everything below it; that is no function's own.
    lines = [line for line in done.stdout.splitlines() if re.search(r"\([ 0-8][0-9.]+%\)", line) and "TOTALS" not in line]
    return "\n".join(re.sub(r" \[/\S+\]$", "", line)[:170] for line in lines[:count])


def compare(options, works):
    """Counts, prints a table, and gives the exit status: 1 when a threshold is passed."""
    missing = [name for name in ("valgrind", "vgdb") if not shutil.which(name)]
    if missing:
        raise BenchFailure(f"{', '.join(missing)} is missing: bench/install installs it")
    with open(THRESHOLDS) as file:
        thresholds = json.load(file)
    stage = Stage(options)
    running = []
    try:
        stage.prepare()
        stage.refused = refused.tokens(stage)
        # Valgrind cannot read the debugging information that Swift 6.3 writes; the names of functions stay.
        program = stage.path("kayle-gateway")
        subprocess.run(["strip", "--strip-debug", "-o", program, options.gateway], check=True)
        options.gateway = program
        running.append(Watched("gateway", stage))
        check(running[0].contender)
        counts, floor = {}, {}
        for name in works:
            counts[name], file = count_one(running[0], name, options.requests)
            if options.functions:
                print(f"\n{name}: {2 * options.requests} requests\n{functions(file, options.functions)}\n")
        if options.floor:
            record_answers(running[0].contender)
            running.append(Watched("floor", stage))
            floor = {name: count_one(running[1], name, options.requests)[0] for name in works if name not in ("miss", "hit-slice") and name == threshold_of(name)}
    finally:
        for watched in running:
            watched.contender.stop()
        stage.close()
    return judge(counts, floor, thresholds, options)


def threshold_of(name):
    """The name of the threshold that a kind of request is held to: all refusals of a token have one."""
    return "401" if name.startswith("401") else name


def judge(counts, floor, thresholds, options):
    """Prints the table; records or judges."""
    print("| request | instructions | at most |" + (" floor |" if floor else ""))
    print("|---|--:|--:|" + ("--:|" if floor else ""))
    for name, count in counts.items():
        beside = f" {floor[name]:,.0f} |" if name in floor else " – |" if floor else ""
        print(f"| {name} | {count:,.0f} | {thresholds.get(threshold_of(name), 0):,} |{beside}")
    if options.record:
        thresholds.update({name: round(count * (MISS_MARGIN if name == "miss" else MARGIN))
                           for name, count in counts.items() if name == threshold_of(name)})
        with open(THRESHOLDS, "w") as file:
            json.dump(thresholds, file, indent=2)
            file.write("\n")
        return 0
    passed = [name for name, count in counts.items() if count > thresholds.get(threshold_of(name), 0)]
    for name in passed:
        print(f"{name} takes more instructions than thresholds.json allows: find out why, or allow them and say why")
    refusals = {name: count for name, count in counts.items() if threshold_of(name) == "401"}
    if refusals and max(refusals.values()) > ALIKE * min(refusals.values()):
        print(f"refusals of a token differ: {min(refusals, key=refusals.get)} and {max(refusals, key=refusals.get)}")
        passed.append("401")
    for name, count in counts.items():
        if count < 0.9 * thresholds.get(threshold_of(name), 0):
            print(f"{name} takes far fewer than allowed: lower its threshold (--record)")
    return 1 if passed else 0
