"""What the access log costs."""
from harness.contender import Settings

from .hits import HitTLS


class Log(HitTLS):
    name = "log"
    title = "Cached hit, TLS 1.3: access log on against off"
    note = ("kayle-gateway counts its metrics in both rows; they cannot be switched off. nginx writes in blocks of 64 KB, HAProxy into a ring"
            " that is a mapped file, Varnish through varnishncsa.")

    def entries(self, names):
        return [(name, Settings(access_log=log)) for name in names for log in (True, False)]
