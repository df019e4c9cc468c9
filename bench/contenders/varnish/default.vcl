vcl 4.1;
import vsthrottle;

backend kayle { .host = "127.0.0.1"; .port = "@{origin}"; .max_connections = 64; }

sub vcl_recv {
  unset req.http.X-Tenant;
  unset req.http.X-Upstream-Token;
@{tenants}
  if (!req.http.X-Tenant) { return (synth(401)); }
  if (req.method != "GET") { return (pass); }
  # As delivered, Varnish passes requests with Authorization; the tenant is part of the key instead.
  unset req.http.Authorization;
  return (hash);
}

sub vcl_hash {
  hash_data(req.http.X-Tenant);
  hash_data(req.url);
  return (lookup);
}

sub vcl_backend_fetch {
  set bereq.http.Authorization = "Bearer " + bereq.http.X-Upstream-Token;
  unset bereq.http.X-Tenant;
  unset bereq.http.X-Upstream-Token;
}

sub vcl_backend_response {
  unset beresp.http.Vary;
  set beresp.ttl = 1d;
  set beresp.grace = 0s;
  set beresp.do_stream = false;
}

sub vcl_synth {
  set resp.http.Content-Type = "application/json";
  if (resp.status == 401) {
    set resp.http.WWW-Authenticate = "Bearer";
    synthetic("""{"data":null,"error":{"code":"UNAUTHORIZED"}}""");
  } else {
    set resp.http.Retry-After = "1";
    synthetic("""{"data":null,"error":{"code":"RATE_LIMITED"}}""");
  }
  return (deliver);
}
