"""System calls per request, counted by strace."""
import re
import signal
import subprocess
import time

from harness.processes import BenchFailure

from .hits import Hit, HitPipelined

SHOWN = ("epoll_wait", "read", "write", "epoll_ctl")
SAME = {"recvfrom": "read", "recvmsg": "read", "readv": "read", "sendto": "write", "sendmsg": "write", "writev": "write",
        "sendfile": "write", "pread64": "read", "poll": "epoll_wait"}


class Syscalls(Hit):
    name = "syscalls-plain"
    title = "System calls per cached hit, plain"
    columns = (("calls", "calls per request", 3), *[(name, name, 3) for name in SHOWN], ("others", "others", 3))
    compared = "calls"
    runs = 1
    note = "Under strace, which slows everybody: more requests wait for each epoll_wait than without. recv and send count as read and write."

    def measure(self, contender):
        pids = contender.processes.pids()
        trace = subprocess.Popen(["strace", "-f", "-c", "-o", contender.path("strace"), *[word for pid in pids for word in ("-p", str(pid))]],
                                 stderr=subprocess.PIPE, text=True)
        try:
            time.sleep(1)
            figures = super().measure(contender)
        finally:
            trace.send_signal(signal.SIGINT)
            trace.communicate(timeout=30)
        counts = dict.fromkeys((*SHOWN, "others"), 0)
        with open(contender.path("strace")) as file:
            for line in file:
                row = re.match(r"\s*[0-9.]+\s+[0-9.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$", line)
                if row and row.group(2) != "total":
                    name = SAME.get(row.group(2), row.group(2))
                    counts[name if name in SHOWN else "others"] += int(row.group(1))
        if not counts["epoll_wait"]:
            raise BenchFailure(f"strace counted nothing of {contender.name}")
        per_request = {name: count / figures["requests"] for name, count in counts.items()}
        return {**per_request, "calls": sum(per_request.values())}


class SyscallsTLS(Syscalls):
    name = "syscalls-tls"
    title = "System calls per cached hit, TLS 1.3"
    tls = True


class SyscallsPipelined(Syscalls):
    name = "syscalls-pipelined"
    title = "System calls per cached hit, plain, pipelined ×16"
    script = HitPipelined.script
