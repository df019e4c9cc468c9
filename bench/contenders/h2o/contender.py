"""h2o with its mruby handler: it has no cache of its own for proxied answers, so the handler keeps them in a hash."""
import os

from harness.contender import Contender


class This(Contender):
    name = "h2o"
    title = "h2o, mruby handler"

    def launch(self):
        tenants = self.tenants
        self.fill(
            "handler.rb", tokens="".join(f'  "Bearer {tenant.token}" => "{tenant.name}",\n' for tenant in tenants),
            upstream_tokens="".join(f'  "{tenant.name}" => "{tenant.upstream_token}",\n' for tenant in tenants),
            limits="".join(f'  "{tenant.name}" => {0 if tenant.narrow else 1000000},\n' for tenant in tenants))
        config = self.fill("h2o.conf", log=f"access-log: {self.path('access.log')}" if self.access_log else "",
                           user="user: root" if os.geteuid() == 0 else "")
        self.processes.start(["h2o", "-m", "worker", "-c", config])
