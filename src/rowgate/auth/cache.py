"""What is known of tokens that were verified before; bounded."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

__all__ = ["Seen", "TokenCache"]


@dataclass(slots=True)
class Seen:
    """A token whose signature is good: its claims, who it stands for, and whether it was asked for again."""

    claims: dict[str, Any]
    caller: Any = None
    again: bool = False


class TokenCache:
    """Keeps tokens that come again. The oldest goes first, unless it was asked for since (as in SIEVE)."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.requests = self.hits = self.evictions = 0
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def get(self, token: str) -> Seen | None:
        seen = self._seen.get(token)
        if seen is not None:
            self.hit(seen)
        else:
            self.requests += 1
        return seen

    def peek(self, token: str) -> Seen | None:
        """As ``get``, for somebody who does not ask for it."""
        return self._seen.get(token)

    def hit(self, seen: Seen) -> None:
        """It was asked for, and is there."""
        self.requests += 1
        self.hits += 1
        seen.again = True

    def put(self, token: str, seen: Seen) -> None:
        if self.most == 0:
            return
        while len(self._seen) >= self.most:
            self._evict()
        self._seen[token] = seen

    def _evict(self) -> None:
        while True:
            token, seen = self._seen.popitem(last=False)
            if not seen.again:
                self.evictions += 1
                return
            seen.again = False
            self._seen[token] = seen

    def clear(self) -> None:
        self._seen.clear()
