"""``rowgate``: the gateway alone, on PostgREST's own settings from the environment."""

import logging
import os
import sys

import uvicorn

from rowgate.app import Gateway
from rowgate.asgi import Asgi
from rowgate.config import ConfigError, from_environment

USAGE = """\
rowgate: a PostgREST-compatible API over a PostgreSQL database.

It takes no arguments. Settings come from the environment, under PostgREST's names:

  PGRST_DB_URI            postgresql://authenticator:password@host/database  (required)
  PGRST_DB_SCHEMAS        public        schemas to serve; the first is the default
  PGRST_DB_ANON_ROLE                    role of requests without a token
  PGRST_JWT_SECRET                      secret of HS256 tokens, at least 32 characters
  PGRST_SERVER_HOST       127.0.0.1
  PGRST_SERVER_PORT       3000

All of them: docs/reference/rowgate.md
"""


def main() -> int:
    """Serve until stopped. Exit code 2 for a setting that cannot be used."""
    if len(sys.argv) > 1:
        print(USAGE, file=sys.stdout if sys.argv[1] in ("-h", "--help") else sys.stderr, end="")
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    try:
        config = from_environment(os.environ)
    except ConfigError as error:
        print(f"error: {error}\n\n{USAGE}", file=sys.stderr, end="")
        return 2
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    uvicorn.run(
        Asgi(Gateway(config)),
        host=config.server_host,
        port=config.server_port,
        log_level="warning",
        server_header=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
