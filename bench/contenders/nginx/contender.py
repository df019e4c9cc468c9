"""nginx with the Lua module: hits from a shared dictionary in memory."""
from harness.contender import Contender


class This(Contender):
    name = "nginx"
    title = "nginx, Lua shared dictionary"

    def launch(self):
        config = self.fill("nginx.conf", **self.tables())
        self.processes.start(["nginx", "-p", self.folder, "-e", self.path("error.log"), "-c", config])

    def tables(self):
        """The rows of the tenant tables, and where the access log goes."""
        tenants = self.tenants
        log = f"{self.path('access.log')} full buffer=64k flush=1s" if self.access_log else "off"
        return {
            "tokens": "".join(f'    "Bearer {tenant.token}" {tenant.name};\n' for tenant in tenants),
            "upstream_tokens": "".join(f"    {tenant.name} {tenant.upstream_token};\n" for tenant in tenants),
            "narrow": "".join(f"    {tenant.name} {tenant.name};\n" for tenant in tenants if tenant.narrow),
            "not_wide": "".join(f'    {tenant.name} "";\n' for tenant in tenants if tenant.narrow),
            "log": log}
