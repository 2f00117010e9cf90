"""What a caller's role and the settings bring into each transaction, besides the request's own."""

from rowgate.catalog.roles import RoleSettings
from rowgate.config import Config
from rowgate.sql import Statement
from rowgate.sql.context import begin, call_before, set_for_transaction

__all__ = ["Context"]


class Context:
    """Made anew with the settings or the schema; asked by every request."""

    def __init__(self, config: Config, roles: RoleSettings | None = None) -> None:
        roles = roles or RoleSettings()
        self.prepared = config.db_prepared_statements
        self._settings = {
            role: set_for_transaction(settings) for role, settings in roles.settings.items() if settings
        }
        self._planned = {
            role for role, settings in roles.settings.items() if "plan_cache_mode" in dict(settings)
        }
        self._learns = config.plan_once and config.db_prepared_statements
        self._begin = {role: begin(level) for role, level in roles.isolation.items()}
        self._before = call_before(config.db_pre_request) if config.db_pre_request else None

    def around(self, role: str, settings: Statement, *statements: Statement) -> tuple[Statement, ...]:
        """All that runs in the transaction, in order. The role's settings come first: they are the login's
        to make. What the request says of itself goes over them.
        """
        of_role = self._settings.get(role)
        if of_role is None and self._before is None and self.prepared:
            return (settings, *statements)
        all_of_it = (of_role, settings, self._before, *statements)
        return tuple(self._as_allowed(one) for one in all_of_it if one is not None)

    def may_plan_once(self, role: str) -> bool:
        """Whether neither settings nor role forbid to plan a statement once for all values."""
        return self._learns and role not in self._planned

    def begin(self, role: str) -> Statement | None:
        """The explicit start of a transaction, where the role's isolation level asks for one."""
        return self._begin.get(role)

    def _as_allowed(self, statement: Statement) -> Statement:
        """Behind a pooler that gives every transaction another connection nothing stays prepared."""
        return statement if self.prepared else statement._replace(prepared=False)
