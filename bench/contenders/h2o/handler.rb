TOKENS = {
@{tokens}}
UPSTREAM_TOKENS = {
@{upstream_tokens}}
LIMITS = {
@{limits}}
JSON_FIELDS = { "content-type" => "application/json" }
UNAUTHORIZED = [401, { "content-type" => "application/json", "www-authenticate" => "Bearer" }, ['{"data":null,"error":{"code":"UNAUTHORIZED"}}']]
LIMITED = [429, { "content-type" => "application/json", "retry-after" => "1" }, ['{"data":null,"error":{"code":"RATE_LIMITED"}}']]
# About 256 MiB of pages of 5.6 KB.
MAXIMUM_PAGES = 45_000
PAGES = {}
COUNTS = Hash.new(0)
WINDOW = [0]

Proc.new do |env|
  tenant = TOKENS[env["HTTP_AUTHORIZATION"]]
  next UNAUTHORIZED unless tenant
  second = Time.now.to_i
  if WINDOW[0] != second
    WINDOW[0] = second
    COUNTS.clear
  end
  next LIMITED if (COUNTS[tenant] += 1) > LIMITS[tenant]
  query = env["QUERY_STRING"]
  key = tenant + "?" + query
  page = PAGES[key]
  unless page
    status, fields, content = http_request("http://127.0.0.1:@{origin}" + env["PATH_INFO"] + "?" + query,
                                           { :headers => { "authorization" => "Bearer " + UPSTREAM_TOKENS[tenant] } }).join
    page = content.join
    next [status, JSON_FIELDS, [page]] unless status == 200
    PAGES.shift if PAGES.size >= MAXIMUM_PAGES
    PAGES[key] = page
  end
  [200, JSON_FIELDS, [page]]
end
