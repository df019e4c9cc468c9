"""Varnish behind Hitch."""
import os

from harness.contender import Contender
from harness.processes import wait_until

# What Varnish notes in shared memory for every request, whether somebody reads it or not.
QUIET = ",".join("-" + tag for tag in (
    "ReqStart ReqMethod ReqURL ReqProtocol ReqHeader ReqUnset ReqAcct RespProtocol RespStatus RespReason RespHeader "
    "RespUnset VCL_call VCL_return VCL_use Timestamp Hit Begin End Link").split())


class This(Contender):
    name = "varnish"
    title = "Varnish with Hitch"
    lacks = {"start": "has no tables: a thousand tenants are a thousand branches of VCL, which its C compiler takes more than a minute for"}

    def launch(self):
        branches = []
        for tenant in self.tenants:
            limit = '1, 1h' if tenant.narrow else '1000000, 1s'
            word = "if" if not branches else "elsif"
            branches.append(f'''{word} (req.http.Authorization == "Bearer {tenant.token}") {{
    set req.http.X-Tenant = "{tenant.name}";
    set req.http.X-Upstream-Token = "{tenant.upstream_token}";
    if (vsthrottle.is_denied("{tenant.name}", {limit})) {{ return (synth(429)); }}
  }}''')
        vcl = self.fill("default.vcl", tenants="  " + " ".join(branches))
        hitch = self.fill("hitch.conf", socket=self.path("varnish.sock"),
                          # Hitch refuses to serve as root.
                          user='user = "nobody"' if os.geteuid() == 0 else "")
        # Threads are many because each serves one connection; they sleep while it is idle.
        self.processes.start([
            "varnishd", "-F", "-j", "none", "-n", self.path("work"), "-f", vcl, "-s", "malloc,256m",
            "-a", f"127.0.0.1:{self.plain_port},HTTP", "-a", f"{self.path('varnish.sock')},PROXY,mode=666",
            "-p", "feature=+http2", "-p", "timeout_idle=3600", "-p", f"thread_pools={self.settings.workers}", "-p", "thread_pool_min=100",
            "-p", f"vsl_mask={'default' if self.access_log else QUIET}"])
        wait_until(lambda: os.path.exists(self.path("varnish.sock")), 10, "Varnish's socket")
        self.processes.start(["hitch", "--config", hitch])
        if self.access_log:
            self.processes.start(["varnishncsa", "-n", self.path("work"), "-w", self.path("access.log"), "-t", "30"])
