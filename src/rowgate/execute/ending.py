"""How a transaction begins and ends, where the request has a say in it."""

from collections.abc import Sequence

from rowgate.config import Config
from rowgate.request import ApiRequest
from rowgate.request.model import Transaction
from rowgate.sql import Statement

# Never prepared: to make room for one more name takes a command, and a failed transaction refuses it.
BEGIN, COMMIT, ROLLBACK, CHECK_NOW = (
    Statement(text, prepared=False)
    for text in ("BEGIN", "COMMIT", "ROLLBACK", "SET CONSTRAINTS ALL IMMEDIATE")
)


def settings_of(request: ApiRequest) -> Sequence[Statement]:
    """Settings that few requests ask for, each a statement of its own so that the others pay nothing."""
    zone = request.preferences.timezone
    if zone is None:
        return ()
    return (Statement("SELECT set_config('timezone', $1, true)", [zone.encode()]),)


def is_undone(request: ApiRequest, config: Config) -> bool:
    """Whether nothing of the request may stay: asked for by the client, or by the settings."""
    asked = request.preferences.transaction
    return asked is Transaction.ROLLBACK or (config.tx_rollback and asked is not Transaction.COMMIT)
