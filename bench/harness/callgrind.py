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
WORK = {"hit-plain": (False, "acme", 200), "hit-slice": (False, "acme", 200), "hit-slice-72": (False, "acme", 200),
        "hit-slice-filtered": (False, "acme", 200), "hit-row": (False, "acme", 200), "hit-coded": (False, "acme", 200), "hit-304": (False, "acme", 304),
        "hit-tls": (True, "acme", 200), "401": (False, "wrong", 401), "429": (False, "narrow", 429)}
# Every other way in which a token can be refused; "401" is that of a revoked one.
WORK.update({f"401-{kind}": (False, kind, 401) for kind in refused.KINDS})
# The same from clients that never send the same bytes twice: what a connection knows of its last requests is of no use.
VARIED = "-varied"
WORK.update({name + VARIED: work for name, work in list(WORK.items())})
# Last: the pages that they store would stand before those that slices are read off. Every one of them is another request anyhow.
WORK.update({name: (False, "acme", 200) for name in ("miss", "miss-page")})
THRESHOLDS = os.path.join(BENCH, "thresholds.json")
# How often each run is counted.
REPETITIONS = 3
# Another build of OpenSSL or libc, or another processor's memcpy, may cost so much more without anybody's doing.
MARGIN = 1.03
# All refusals of a token must cost the same but for so much: a second checksum, a comparison of dates, a member more in the
# log. Less than the hash (4,000 here), a look-up and half of what a log line costs.
ALIKE = 1.06
# What no hit may call, by what the table calls it: memory (but for OpenSSL's own), counted references, checks at run time.
FORBIDDEN = {"allocations": ("malloc", "calloc", "realloc", "posix_memalign", "swift_allocObject", "swift_slowAlloc"),
             "retains": ("swift_retain", "swift_retain_n", "swift_bridgeObjectRetain", "swift_unknownObjectRetain"),
             "releases": ("swift_release", "swift_release_n", "swift_bridgeObjectRelease", "swift_unknownObjectRelease", "free"),
             "checks": ("swift_beginAccess", "swift_once", "swift_dynamicCast", "swift_conformsToProtocol")}
# What the process does now and then is below this: so is one request in 64 that its connection keeps.
NOISE = 0.75
# What a hit costs with which fields; the tag is that of the answer.
FIELDS = {"hit-coded": "Accept-Encoding: gzip, zstd\r\n", "hit-304": "If-None-Match: {tag}\r\n"}
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


def calls(file):
    """How often each function was called by each: {(callee, caller): count}, by their names."""
    names, counts, caller, callee = {}, {}, None, None
    with open(file, errors="replace") as lines:
        for line in lines:
            if line.startswith(("fn=", "cfn=")):
                number, _, name = line.split("=", 1)[1].strip().partition(" ")
                if name:
                    # A recursive call and one through the dynamic linker have marks behind the name.
                    names[number] = re.split(r"['@]", name)[0]
                if line.startswith("c"):
                    callee = names.get(number)
                else:
                    caller = names.get(number)
            elif line.startswith("calls="):
                counts[callee, caller] = counts.get((callee, caller), 0) + int(line[6:].split()[0])
    return counts


def callers(file, requests):
    """Who calls what no hit may call, and how often per request."""
    found = [(count / requests, callee, caller) for (callee, caller), count in calls(file).items()
             if any(callee in functions for functions in FORBIDDEN.values()) and count >= requests / 20]
    return "\n".join(f"{count:7.2f} {callee} by {caller}" for count, callee, caller in sorted(found, reverse=True))


def requests_of(stage, name, token, count, tag):
    """The requests of one run; `tag` is that of the stored answer."""
    if name.endswith(VARIED):
        # Each once per run, as long as the others.
        same = requests_of(stage, name.removesuffix(VARIED), token, count, tag)
        return [request.replace(b"Host: ", b"X-Unlike: %06d\r\nHost: " % index, 1) for index, request in enumerate(same)]
    if name in pages.SLICES:
        return [request_bytes(pages.SLICES[name][1], token)] * count
    if not name.startswith("miss"):
        return [request_bytes(pages.SMALL_TARGET, token, FIELDS.get(name, "").format(tag=tag))] * count
    first = stage.next_miss()
    if name == "miss-page":
        # Cursors before all rows, so that the answer is a page of its question; each before the last one, and with parameters that the
        # other pages were not asked with, so that no stored page decides it.
        more = "&include_attempts=true&status=completed"
        return [request_bytes(f"{pages.SMALL_TARGET}{more}&starting_after=vs_live_{'0' * 50}{10**14 - first - index:014d}", token)
                for index in range(count)]
    return [request_bytes(f"{pages.SMALL_TARGET}&starting_after=vs_live_{'k' * 50}{first + index:014d}", token)
            for index in range(count)]


def count_one(watched, name, requests):
    """Instructions per request, forbidden calls per request, and the file with the counts of a longer run."""
    stage, contender = watched.stage, watched.contender
    tls, owner, status = WORK[name]
    tokens = {tenant.name: tenant.token for tenant in stage.tenants} | stage.refused
    token = tokens.get(owner, stage.wrong_token)
    least = {requests: None, 2 * requests: None}
    called = {}
    with open_connection(contender.tls_port if tls else contender.plain_port, tls) as connection:
        plain = name.removesuffix(VARIED)
        if plain in pages.SLICES:
            connection.sendall(request_bytes(pages.SLICES[plain][0], token))
            read_answer(connection)
        tag = None
        if plain in FIELDS:
            connection.sendall(request_bytes(pages.SMALL_TARGET, token))
            tag = read_answer(connection).fields["etag"]
        # The first run warms up.
        for count in [200] + [requests, 2 * requests] * REPETITIONS:
            lines = requests_of(stage, name, token, count, tag)
            watched.counts()
            for line in lines:
                connection.sendall(line)
                answer = read_answer(connection)
                if answer.status != status:
                    raise BenchFailure(f"{name}: answered {answer.status} instead of {status}")
                said = answer.fields.get("cache-status", "")
                if ("page-slice" in said) != (plain in pages.SLICES) or name.startswith("miss") and "stored" not in said:
                    raise BenchFailure(f"{name}: {said}")
                if count in least and ("content-encoding" in answer.fields) != (plain == "hit-coded"):
                    raise BenchFailure(f"{name}: an answer in the coding {answer.fields.get('content-encoding')}")
            total, file = watched.counts(kept_as=f"kept.{name}")
            if count in least:
                least[count] = min(total, least[count] or total)
                found = calls(file)
                for kind, functions in FORBIDDEN.items():
                    number = sum(count for (callee, caller), count in found.items()
                                 if callee in functions and caller not in functions and not str(caller).startswith("CRYPTO_"))
                    called[kind, count] = min(number, called.get((kind, count), number))
    forbidden = {kind: (called[kind, 2 * requests] - called[kind, requests]) / requests for kind in FORBIDDEN}
    return (least[2 * requests] - least[requests]) / requests, forbidden, file


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
        counts, floor, forbidden = {}, {}, {}
        for name in works:
            counts[name], forbidden[name], file = count_one(running[0], name, options.requests)
            if options.functions:
                print(f"\n{name}: {2 * options.requests} requests\n{functions(file, options.functions)}\n"
                      f"\n{callers(file, 2 * options.requests)}\n")
        if options.floor:
            record_answers(running[0].contender)
            running.append(Watched("floor", stage))
            floor = {name: count_one(running[1], name, options.requests)[0] for name in works
                     if not name.startswith("miss") and name.removesuffix(VARIED) not in {**pages.SLICES, **FIELDS} and name == threshold_of(name)}
    finally:
        for watched in running:
            watched.contender.stop()
        stage.close()
    return max(judge(counts, floor, thresholds, options), judge_calls(forbidden))


def judge_calls(forbidden):
    """Prints what was called that no hit may call; 1 if one did."""
    print("\n| calls per request | " + " | ".join(FORBIDDEN) + " |\n|---|" + "--:|" * len(FORBIDDEN))
    for name, found in forbidden.items():
        print(f"| {name} | " + " | ".join(f"{count:.2f}" for count in found.values()) + " |")
    guilty = [(name, kind) for name, found in forbidden.items() if name.startswith("hit") for kind, count in found.items()
              if count > NOISE]
    for name, kind in guilty:
        print(f"{name}: a hit makes no {kind}; bench/instructions {name} --functions 30 shows whose these are")
    return 1 if guilty else 0


def threshold_of(name):
    """The name of the threshold that a kind of request is held to: all refusals of a token have one."""
    if not name.startswith("401"):
        return name
    return "401" + VARIED if name.endswith(VARIED) else "401"


def judge(counts, floor, thresholds, options):
    """Prints the table; records or judges."""
    print("| request | instructions | at most |" + (" floor |" if floor else ""))
    print("|---|--:|--:|" + ("--:|" if floor else ""))
    for name, count in counts.items():
        beside = f" {floor[name]:,.0f} |" if name in floor else " – |" if floor else ""
        print(f"| {name} | {count:,.0f} | {thresholds.get(threshold_of(name), 0):,} |{beside}")
    if options.record:
        thresholds.update({name: round(count * (MISS_MARGIN if name.startswith("miss") else MARGIN))
                           for name, count in counts.items() if name == threshold_of(name)})
        with open(THRESHOLDS, "w") as file:
            json.dump(thresholds, file, indent=2)
            file.write("\n")
        return 0
    passed = [name for name, count in counts.items() if count > thresholds.get(threshold_of(name), 0)]
    for name in passed:
        print(f"{name} takes more instructions than thresholds.json allows: find out why, or allow them and say why")
    for kind in ("401", "401" + VARIED):
        refusals = {name: count for name, count in counts.items() if threshold_of(name) == kind}
        if refusals and max(refusals.values()) > ALIKE * min(refusals.values()):
            print(f"refusals of a token differ: {min(refusals, key=refusals.get)} and {max(refusals, key=refusals.get)}")
            passed.append(kind)
    for name, count in counts.items():
        if count < 0.9 * thresholds.get(threshold_of(name), 0):
            print(f"{name} takes far fewer than allowed: lower its threshold (--record)")
    return 1 if passed else 0
