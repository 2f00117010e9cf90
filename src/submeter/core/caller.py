"""Who is asking: the role and the claims under which the database decides what exists."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """One caller of an action: a database role, and the ESCO or customer it speaks for.

    `role` is one of the roles that `authenticator` may become (anon, authenticated, operator,
    service_role). Ids are UUIDs as text. `key` names the API key or login for the audit trail.
    """

    role: str
    esco_id: str | None = None
    customer_id: str | None = None
    key: str | None = None

    def claims(self) -> dict[str, str]:
        """The claims for `request.jwt.claims`; what is not known is absent, never null."""
        named = {"role": self.role, "esco_id": self.esco_id, "customer_id": self.customer_id, "key": self.key}
        return {name: value for name, value in named.items() if value is not None}

    def signature(self) -> str:
        """Who it was, as what they change is signed: the role, and the key or login where there is one."""
        return f"{self.role} {self.key}" if self.key else self.role
