"""The configuration file that ``--example`` shows."""

EXAMPLE = """\
## Where the admin server listens: /live, /ready, /metrics, /config, /schema_cache
# admin-server-port = 3001

## The database, as a login that may become the roles of the tokens. Or @./path/to/a/file that says it
db-uri = "postgresql://"

## Schemas to serve; the first is the default
db-schemas = "public"

## The role of requests without a token; without it they are refused
# db-anon-role = "anon"

## Schemas that are searched after the served one
db-extra-search-path = "public"

## The most rows of one answer
# db-max-rows = 1000

## Connections: how many, how long to wait for one (s), how long one may be idle, and live
db-pool = 10
db-pool-acquisition-timeout = 10
db-pool-max-idletime = 30
db-pool-max-lifetime = 1800

## Functions of the database: called before each request; and to make these settings
# db-pre-request = "stored_procedure_name"
# db-pre-config = "postgrest.pre_config"
db-config = true

## Listen for NOTIFY pgrst, 'reload schema' and 'reload config'
db-channel = "pgrst"
db-channel-enabled = true

## Behind a pooler that gives each transaction another connection: false, and db-channel-enabled too
db-prepared-statements = true

## commit, commit-allow-override, rollback, rollback-allow-override
db-tx-end = "commit"

db-aggregates-enabled = false
db-plan-enabled = false

## A secret of 32 characters or more, a JSON Web Key, a set of them, or @a-file with one of these
# jwt-secret = "secret_with_at_least_32_characters"
jwt-secret-is-base64 = false
# jwt-aud = "your_audience_claim"
jwt-role-claim-key = ".role"
jwt-cache-max-entries = 1000

## crit, error, warn, info, debug
log-level = "error"
log-query = false

## follow-privileges, ignore-privileges, disabled
openapi-mode = "follow-privileges"
openapi-security-active = false
# openapi-server-proxy-uri = "https://example.com/api"

# server-cors-allowed-origins = "https://a.example, https://b.example"
server-host = "!4"
server-port = 3000
# server-unix-socket = "/tmp/rowgate.sock"
# server-unix-socket-mode = "660"
# server-trace-header = "X-Request-Id"
server-timing-enabled = false

## rowgate's own: processes that share the port; bounds of a request; no PATCH or DELETE without a filter;
## what a broken rule says; statements planned once for all values, where that proves faster
server-workers = 1
server-patience = 60
max-body = 67108864
max-depth = 30
require-where = false
error-hints = false
plan-once = true

## Read in SQL by current_setting('app.settings.name')
# app.settings.name = "value"
"""
