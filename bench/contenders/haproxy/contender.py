"""HAProxy with its small-object cache."""
from harness.contender import Contender


class This(Contender):
    name = "haproxy"
    title = "HAProxy"

    def launch(self):
        tenants = self.tenants
        self.file("tokens.map", "".join(f"{tenant.token} {tenant.name}\n" for tenant in tenants))
        self.file("upstream.map", "".join(f"{tenant.name} {tenant.upstream_token}\n" for tenant in tenants))
        self.file("limits.map", "".join(f"{tenant.name} {0 if tenant.narrow else 1000000}\n" for tenant in tenants))
        ring = f"ring access\n    format raw\n    maxlen 1024\n    size 67108864\n    backing-file {self.path('access.log')}\n"
        config = self.fill("haproxy.cfg", ring=ring if self.access_log else "",
                           log="log ring@access local0\n    option httplog" if self.access_log else "")
        self.processes.start(["haproxy", "-db", "-f", config])
